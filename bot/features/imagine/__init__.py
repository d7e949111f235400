"""`/imagine` generates a picture."""
