"""The half that knows AWS."""
