"""Contests of pictures: what members do about them."""
