"""`/moderate` blocks members and cancels their requests; `/audit` shows the log of it."""
