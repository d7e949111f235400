"""Words that people wrote, made fit to stand in a message of Discord's: harmless, escaped, short enough."""

import re
import unicodedata
import zlib
from typing import Final

from shared.prompts import format_prompt
from shared.request.model import Request

THREAD_NAME_LIMIT: Final = 100  # https://discord.com/developers/docs/resources/channel#start-thread-from-message

# What Discord's markdown reads inside a line: emphasis, code, spoilers, links, mentions, emoji and bare addresses.
_MARKDOWN_CHARACTERS: Final = re.compile(r"[\\`*_~|<>\[\]@:]")
_WHITESPACE: Final = re.compile(r"[^\S\u00a0\u202f]+")  # French keeps its punctuation together with those two
_JOINERS: Final = "\u200c\u200d"  # Persian words and emoji of several people need them
_INVISIBLE_CHARACTERS: Final = "\u115f\u1160\u2800\u3164\uffa0" + _JOINERS  # letters and signs that show nothing


def flatten_text(text: str) -> str:
    """Put the text on one line, without half characters and what is not seen, such as what turns the direction."""
    plainly_seen = text.isascii() and text.isprintable()
    seen = text if plainly_seen else "".join(c for c in text if c.isspace() or not _is_invisible(c))
    return _WHITESPACE.sub(" ", seen).strip()


def _is_invisible(character: str) -> bool:
    kind = unicodedata.category(character)
    if kind == "Cf":  # the signs before Arabic numbers are of it, and are seen
        return character not in _JOINERS and unicodedata.bidirectional(character) != "AN"
    return kind in {"Cc", "Cs"}


def truncate_text(text: str, limit: int) -> str:
    """Cut plain text to `limit` UTF-16 units, the widest way anyone counts characters, with an ellipsis at the cut."""
    wide = text.encode("utf-16-le")
    if len(wide) <= 2 * limit:
        return text
    return wide[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def escape_markdown(text: str, limit: int) -> str:
    """Show somebody's words as they are: plain, every mark of markdown escaped, `limit` UTF-16 units at most."""
    whole = _MARKDOWN_CHARACTERS.sub(r"\\\g<0>", flatten_text(text))
    short = truncate_text(whole, limit)
    if short == whole:
        return whole
    kept = short.removesuffix("…")
    dangling = (len(kept) - len(kept.rstrip("\\"))) % 2
    return kept[: len(kept) - dangling] + "…"


def format_request_prompt(request: Request) -> str:
    """Write the prompt, and what to avoid, as a person could type them again."""
    return flatten_text(format_prompt(request.text_prompts))


def build_thread_name(request: Request) -> str:
    """Name a job's thread after its prompt, within Discord's 1 to 100 characters, of which one is seen at least."""
    name = truncate_text(format_request_prompt(request), THREAD_NAME_LIMIT)
    return name if name.strip(_INVISIBLE_CHARACTERS + " \u00a0\u202f") else "Pentimento"


def compute_component_id(job_id: str) -> int:
    """Number the outermost component of a job's answer, so that the answer is known again in a channel's history.

    A component's id is any positive 32-bit number: https://discord.com/developers/docs/components/reference
    """
    return zlib.crc32(job_id.encode()) & 0x7FFFFFFF or 1
