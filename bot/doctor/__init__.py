"""`python -m bot doctor`: whether the bot could run, with advice where it could not."""
