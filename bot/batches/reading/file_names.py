"""Names of files that every system accepts, all different, also where case makes no difference."""

import re
import unicodedata
from typing import Final

from bot.batches.reading.picture_names import strip_extension
from shared.typed_text import is_invisible

MAX_NAME_LENGTH: Final = 80
"""Characters of a name without its ending."""

_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*`]+')
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)", re.IGNORECASE)
_EDGES: Final = " .-'=+@"
_FIRST_WORDS: Final = 6
_MAX_BYTES: Final = 200
"""Most systems accept 255 bytes, of which an ending, a seed and a number take some."""


def clean_name(text: str) -> str:
    """Make a name of a text, without characters that are forbidden or do not show; "" if none is left.

    https://learn.microsoft.com/windows/win32/fileio/naming-a-file
    """
    visible = "".join(" " if c.isspace() else "" if is_invisible(c) else c for c in text)
    name = " ".join(_FORBIDDEN.sub("-", unicodedata.normalize("NFC", visible)).split())
    name = _cut(name).strip(_EDGES)
    return _cut(f"_{name}").rstrip(_EDGES) if _RESERVED.match(name) else name


def derive_name(picture_name: str, prompt: str) -> str:
    """Derive a name from that of the picture, else from the first words of the prompt."""
    return (
        clean_name(strip_extension(picture_name))
        or clean_name("-".join(re.findall(r"\w+", prompt)[:_FIRST_WORDS]))
        or "picture"
    )


class UniqueNames:
    """Makes names differ by a number at the end."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def make_unique(self, name: str) -> str:
        """Return the name, with a number if a file has it already."""
        unique, number = name, 2
        while _fold(unique) in self._taken:
            ending = f"-{number}"
            unique, number = f"{_cut(name, MAX_NAME_LENGTH - len(ending))}{ending}", number + 1
        self._taken.add(_fold(unique))
        return unique


def _fold(name: str) -> str:
    """Fold a name as file systems compare it."""
    return unicodedata.normalize("NFKC", name).casefold()


def _cut(name: str, length: int = MAX_NAME_LENGTH) -> str:
    name = name[:length]
    while len(name.encode("utf-8", "replace")) > _MAX_BYTES:
        name = name[:-1]
    return name
