"""`/budget` shows, sets and grants budgets, and reports spending."""
