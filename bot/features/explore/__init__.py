"""Explorations: what they ask for, and the message that fills as their cells come in."""
