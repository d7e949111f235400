"""Text that people wrote, made safe for Discord messages: on one line, with markdown escaped, truncated."""

import re
from collections.abc import Sequence
from typing import Final

from shared.problems import Problem
from shared.prompts import format_prompt
from shared.request.model import Request
from shared.typed_text import has_visible_text, is_invisible

THREAD_NAME_LIMIT: Final = 100  # https://discord.com/developers/docs/resources/channel#start-thread-from-message
_FALLBACK_THREAD_NAME: Final = "Pentimento"

# Inline markdown: emphasis, code, spoilers, links, mentions, emoji and bare addresses.
_MARKDOWN_CHARACTERS: Final = re.compile(r"[\\`*_~|<>\[\]@:]")
_ESCAPED_TIME: Final = re.compile(r"\\<t\\:([0-9]{1,12})\\:([fR])\\>")
_TIME_FACTS: Final = frozenset({"resets_at", "until"})
_ESCAPED_MENTION: Final = re.compile(r"\\<(#|\\@&)([0-9]{1,20})\\>")
_MENTION_FACTS: Final = frozenset({"channels", "roles"})
_WHITESPACE: Final = re.compile(r"[^\S\u00a0\u202f]+")  # except the no-break spaces of French punctuation


def flatten_text(text: str) -> str:
    """Put text on one line, without lone surrogates and invisible characters such as direction marks."""
    is_all_visible = text.isascii() and text.isprintable()
    visible = text if is_all_visible else "".join(c for c in text if c.isspace() or not is_invisible(c))
    return _WHITESPACE.sub(" ", visible).strip()


def count_utf16_units(text: str) -> int:
    """Count UTF-16 units, the strictest way to count characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def truncate_text(text: str, limit: int) -> str:
    """Truncate plain text with an ellipsis to `limit` UTF-16 units."""
    encoded = text.encode("utf-16-le")
    if len(encoded) <= 2 * limit:
        return text
    return encoded[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def escape_markdown(text: str, limit: int) -> str:
    """Put text on one line, escape its markdown and truncate it to `limit` UTF-16 units, without cutting an escape."""
    escaped = _MARKDOWN_CHARACTERS.sub(r"\\\g<0>", flatten_text(text))
    truncated = truncate_text(escaped, limit)
    if truncated == escaped:
        return escaped
    remainder = truncated.removesuffix("…")
    dangling = (len(remainder) - len(remainder.rstrip("\\"))) % 2
    return remainder[: len(remainder) - dangling] + "…"


def escape_problem_text(text: str, problems: Sequence[Problem], limit: int) -> str:
    """Escape the description of problems as `escape_markdown` does, except their own times and mentions of places.

    Discord localizes the times, and names the channels and roles as they are called now.
    """
    escaped = escape_markdown(text, limit)
    times = {str(problem.facts[name]) for problem in problems for name in _TIME_FACTS & problem.facts.keys()}
    escaped = _ESCAPED_TIME.sub(lambda match: f"<t:{match[1]}:{match[2]}>" if match[1] in times else match[0], escaped)
    mentions = [str(problem.facts[name]) for problem in problems for name in _MENTION_FACTS & problem.facts.keys()]
    return _ESCAPED_MENTION.sub(lambda match: _unescape_mention(match, mentions), escaped)


def _unescape_mention(match: re.Match[str], mentions: Sequence[str]) -> str:
    mention = match[0].replace("\\", "")
    return mention if any(mention in fact for fact in mentions) else match[0]


def format_request_prompt(request: Request) -> str:
    """Format the prompt and the negative prompt in the syntax in which people enter them."""
    return flatten_text(format_prompt(request.text_prompts))


def build_thread_name(request: Request) -> str:
    """Name a job's thread after its prompt. Discord requires 1 to 100 characters, at least one of them visible."""
    name = truncate_text(format_request_prompt(request), THREAD_NAME_LIMIT)
    return name if has_visible_text(name) else _FALLBACK_THREAD_NAME
