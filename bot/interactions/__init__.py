"""Answering a person in the moment: the first answer, private words, whom it is with, what the bot may do there."""
