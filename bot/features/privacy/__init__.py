"""`/forget-me` deletes everything that is stored about a person."""
