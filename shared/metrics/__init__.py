"""Metrics: their definitions, and the instruments of prometheus-client that are made from them."""
