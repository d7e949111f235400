"""Words that people wrote, made fit to stand in a message of Discord's: harmless, escaped, short enough."""

import re
import unicodedata
import zlib
from typing import Final

from shared.prompts import format_prompt
from shared.request import Request

NAME_LIMIT: Final = 100  # https://discord.com/developers/docs/resources/channel#start-thread-from-message

# What Discord's markdown reads inside a line: emphasis, code, spoilers, links, mentions, emoji and bare addresses.
_MARKS: Final = re.compile(r"[\\`*_~|<>\[\]@:]")
_STEERING: Final = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))


def plain(text: str) -> str:
    """Put the text on one line, without control characters, lone surrogates and what turns the reading direction."""
    kept = (c for c in " ".join(text.split()) if unicodedata.category(c) not in {"Cc", "Cs"})
    return "".join(c for c in kept if unicodedata.bidirectional(c) not in _STEERING).strip()


def shortened(text: str, limit: int) -> str:
    """Cut plain text to `limit` UTF-16 units, the widest way anyone counts characters, with an ellipsis at the cut."""
    wide = text.encode("utf-16-le")
    if len(wide) <= 2 * limit:
        return text
    return wide[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def escaped(text: str, limit: int) -> str:
    """Show somebody's words as they are: plain, every mark of markdown escaped, `limit` UTF-16 units at most."""
    whole = _MARKS.sub(r"\\\g<0>", plain(text))
    short = shortened(whole, limit)
    if short == whole:
        return whole
    kept = short.removesuffix("…")
    dangling = (len(kept) - len(kept.rstrip("\\"))) % 2
    return kept[: len(kept) - dangling] + "…"


def written_prompt(request: Request) -> str:
    """Write the prompt, and what to avoid, as a person could type them again."""
    return plain(format_prompt(request.text_prompts))


def thread_name(request: Request) -> str:
    """Name a job's thread after its prompt, within Discord's 1 to 100 characters."""
    return shortened(written_prompt(request), NAME_LIMIT) or "Pentimento"


def mark(job_id: str) -> int:
    """Number the outermost component of a job's answer, so that the answer is known again in a channel's history.

    A component's id is any positive 32-bit number: https://discord.com/developers/docs/components/reference
    """
    return zlib.crc32(job_id.encode()) & 0x7FFFFFFF or 1
