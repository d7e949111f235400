"""Batches: many pictures that a team requests, approves, generates and reviews together."""
