"""`/team` sets up teams, and lets members choose for which of theirs they ask."""
