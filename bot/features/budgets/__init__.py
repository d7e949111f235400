"""`/budget` shows, sets and grants budgets, and reports what was spent."""
