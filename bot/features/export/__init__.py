"""`/export` sends a person all of their pictures and settings as zip archives."""
