"""Contests: what is due happens once, and the messages that tell of it are posted once."""
