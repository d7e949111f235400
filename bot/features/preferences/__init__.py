"""`/preferences` shows and changes a person's defaults for their requests."""
