"""The half that knows Discord."""
