"""`python -m worker doctor`: whether the worker could run, with advice where it could not."""
