"""The bot's side of Redis: submitting jobs, their status and outcomes, drafts, saved searches, and which bot leads."""
