"""A request for a picture: its value, how it is built, validated and converted from model to model."""
