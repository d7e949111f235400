"""Outside things behind the ports of the bot."""
