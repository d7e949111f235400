"""`/diagnose` says which rules let a member use a command in a channel, and which refuse it."""
