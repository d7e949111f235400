"""Frozen values that several packages of the bot share, and the few ports that tests replace by fakes."""
