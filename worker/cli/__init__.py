"""The worker's commands for an operator at a terminal, one module each."""
