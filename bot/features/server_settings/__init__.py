"""`/server` shows, changes and undoes the settings of a server."""
