"""`/history` and `/favourites` list past jobs in pages, `/show` shows one of them again."""
