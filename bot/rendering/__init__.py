"""Views and formatting that several features share: pure functions from domain values to text and components."""
