"""Reads the header with metadata for the invocation log, within the limits of botocore's service model."""

import json
from collections.abc import Mapping

from demo.standins.bedrock.errors import validation_error

HEADER = "X-Amzn-Bedrock-Request-Metadata"
MAX_CHARACTERS = 8500
MAX_PAIRS = 16


def parse_request_metadata(headers: Mapping[str, str]) -> dict[str, str] | None:
    """Return the pairs, None without the header. Raises ServiceError."""
    text = headers.get(HEADER)
    if text is None:
        return None
    try:
        pairs = json.loads(text)
    except ValueError:
        pairs = None
    is_valid = (
        len(text) <= MAX_CHARACTERS
        and isinstance(pairs, dict)
        and len(pairs) <= MAX_PAIRS
        and all(isinstance(value, str) for value in pairs.values())
    )
    if not is_valid:
        raise validation_error(f"requestMetadata must be a JSON object of at most {MAX_PAIRS} strings")
    return dict(pairs)
