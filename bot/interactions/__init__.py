"""Interactions with a user: responses, modals, components, permissions, and the user's language and preferences."""
