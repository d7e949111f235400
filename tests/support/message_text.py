"""The text of a message of the Discord stand-in."""

from typing import Any

from demo.first_picture import iter_message_texts


def read_text(message: dict[str, Any]) -> str:
    """Read the text of a message: its content, and that of its components."""
    return "\n".join(iter_message_texts(message))
