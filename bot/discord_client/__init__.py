"""Discord client."""
