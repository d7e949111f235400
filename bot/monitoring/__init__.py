"""How the bot tells its operator how it is: probes, readings of queue and database, and the HTTP endpoints."""
