"""AWS accounts by their ids of 12 digits, and the word for the account of the workers' own credentials."""

from typing import Final

DEFAULT_ACCOUNT: Final = "default"
UNKNOWN_ACCOUNT: Final = "unknown"
"""The account of a call that the queue has forgotten."""
