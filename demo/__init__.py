"""Stand-ins for the outside world, and one command that starts everything. Imports nothing of the product."""
