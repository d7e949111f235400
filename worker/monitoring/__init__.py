"""How the worker tells its operator how it is: the HTTP endpoints."""
