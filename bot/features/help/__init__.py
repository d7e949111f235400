"""`/help` and `/about`, and words of welcome: for a new server, a mention, a direct message."""
