"""The metrics of the bot."""
