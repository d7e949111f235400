"""`/words` shows, changes and tries the word list of a server."""
