"""What outlives Redis: requests, their attempts and outcomes, in a database that only the bot writes."""
