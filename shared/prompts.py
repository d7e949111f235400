r"""The syntax of prompts: `castle in fog::1.2 | crowds::-0.8`.

Parts are separated by `|`. A part may end in `::` and its weight, a finite number (`shared.typed_text`): 1 by default,
negative for things to avoid. A literal `|`, `::`, or backslash before one of them is written `\|`, `\::`, `\\`.
"""

import re
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from shared.problems import RejectedError, make_problem
from shared.typed_text import has_visible_text, parse_number

_TOKEN = re.compile(r"\\\\|\\\||\\::|\||::|[\s\S]")


class TextPrompt(BaseModel):
    """A text with its weight, as in SDXL's `text_prompts[]`.

    https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-1-0-image-image.html
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    text: str
    weight: float = 1.0


def parse_prompt(text: str) -> tuple[TextPrompt, ...]:
    """Parse a prompt into one or more weighted texts. Raises `RejectedError`."""
    if not has_visible_text(text):
        raise RejectedError(make_problem("prompt_empty"))
    return tuple(
        _parse_part(number, tokens) for number, tokens in enumerate(_split_tokens(_TOKEN.findall(text), "|"), start=1)
    )


def format_prompt(prompts: Iterable[TextPrompt]) -> str:
    """Format weighted texts as a prompt, which `parse_prompt` parses to the same texts."""
    return " | ".join(_escape_text(p.text) + _format_weight(p) for p in prompts)


def build_search_text(prompts: Iterable[TextPrompt]) -> str:
    """Format weighted texts for a search that ignores case, without NUL, which PostgreSQL cannot store.

    https://www.postgresql.org/docs/current/datatype-character.html
    """
    return normalize_search_text(format_prompt(prompts))


def normalize_search_text(text: str) -> str:
    """Normalize text for a search that ignores case, without the characters that no database accepts."""
    return replace_surrogates(text).replace("\0", " ").casefold()


def split_negative_prompt(prompts: Sequence[TextPrompt]) -> tuple[str, str]:
    """Format weighted texts as the prompt and the negative prompt of `/imagine`; "" for no negative prompt."""
    *before, last = prompts or [TextPrompt(text="")]
    if before and last.weight == -1:
        return format_prompt(before), last.text
    return format_prompt(prompts), ""


def replace_surrogates(text: str) -> str:
    """Replace each half of a surrogate pair, which UTF-8 cannot encode, with a question mark."""
    return text.encode("utf-8", "replace").decode()


def _split_tokens(tokens: list[str], separator: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token == separator:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _parse_part(number: int, tokens: list[str]) -> TextPrompt:
    *before, last = _split_tokens(tokens, "::")
    if not before:
        text, weight = _unescape(last), 1.0
    else:
        text = "::".join(_unescape(part) for part in before)
        weight = _parse_weight(_unescape(last))
    if not has_visible_text(text):
        raise RejectedError(make_problem("prompt_part_empty", number=number))
    return TextPrompt(text=text.strip(), weight=weight)


def _parse_weight(text: str) -> float:
    try:
        return parse_number(text)
    except ValueError:
        raise RejectedError(make_problem("weight_not_a_number", value=text.strip()[:40])) from None


def _unescape(tokens: list[str]) -> str:
    return "".join(token[1:] if len(token) > 1 and token[0] == "\\" else token for token in tokens)


def _escape_text(text: str) -> str:
    return re.sub(r"\\|\||::", lambda match: "\\" + match[0], text)


def _format_weight(prompt: TextPrompt) -> str:
    if prompt.weight == 1:
        return ""
    short = f"{prompt.weight:g}"
    gap = " " if prompt.text.endswith(":") else ""
    return f"{gap}::{short if float(short) == prompt.weight else repr(prompt.weight)}"
