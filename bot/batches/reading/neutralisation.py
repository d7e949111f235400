"""Text that a spreadsheet would run as a formula is written so that it does not, and read back as it was.

https://owasp.org/www-community/attacks/CSV_Injection
"""

import re
from typing import Final

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_WRITTEN_FORMULA: Final = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?\s?%?", re.ASCII)


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet may run this text; a number is harmless."""
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)


def neutralise_text(text: str) -> str:
    """Put an apostrophe, which spreadsheets do not show, before text that they would run."""
    return f"'{text}" if is_formula(text) else text


def restore_text(text: str) -> str:
    """Remove the apostrophe that `neutralise_text` put before a text."""
    return text[1:] if _WRITTEN_FORMULA.match(text) else text
