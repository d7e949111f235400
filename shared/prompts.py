r"""The syntax of prompts: `castle in fog::1.2 | crowds::-0.8`.

A part ends at `|`, or after `::` and its weight, a finite number (`shared.typed_text`): 1 by default, negative for
things to avoid. So `hot::2 dog` and `space:: ship` have two parts each, as Midjourney reads them. A literal `|`, `::`,
or backslash before one of them is written `\|`, `\::`, `\\`.

https://docs.midjourney.com/hc/en-us/articles/32658968492557-Multi-Prompts-Weights
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from pydantic import BaseModel, ConfigDict

from shared.problems import RejectedError, make_problem
from shared.typed_text import has_visible_text, parse_number

_TOKEN = re.compile(r"\\\\|\\\||\\::|\||::|[\s\S]")
_LEADING_WORD = re.compile(r"(\S+?)[,;]?\s")
_MISSPELT_WEIGHT = re.compile(r"\W?\d[\d.,_e%+-]*(?:[\s,;]|$)")
_QUOTED_LENGTH = 40


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
    parts: list[TextPrompt] = []
    for tokens in _split_tokens(_TOKEN.findall(text), "|"):
        parts += _parse_section(tokens, len(parts) + 1)
    return tuple(parts)


def format_prompt(prompts: Iterable[TextPrompt]) -> str:
    """Format weighted texts as a prompt, which `parse_prompt` parses to the same texts."""
    return " | ".join(_escape_text(p.text) + _format_weight(p) for p in prompts)


def build_search_text(prompts: Iterable[TextPrompt], *others: str) -> str:
    """Format weighted texts, and others, for a search that ignores case, without NUL, which PostgreSQL cannot store.

    https://www.postgresql.org/docs/current/datatype-character.html
    """
    return normalize_search_text("\n".join((format_prompt(prompts), *others)))


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


def _parse_section(tokens: list[str], number: int) -> Iterator[TextPrompt]:
    """Parse the parts between two `|`; the first one has this number."""
    first, *others = (_unescape(segment) for segment in _split_tokens(tokens, "::"))
    text = first
    for following in others:
        if not has_visible_text(text):
            raise RejectedError(make_problem("prompt_part_empty", number=number))
        weight, rest = _split_weight(following, text)
        yield TextPrompt(text=text.strip(), weight=weight)
        text, number = rest, number + 1
    if has_visible_text(text):
        yield TextPrompt(text=text.strip())
    elif not others:
        raise RejectedError(make_problem("prompt_part_empty", number=number))


def _split_weight(following: str, text: str) -> tuple[float, str]:
    """Split off the weight of `text` from the characters after its `::`: 1 if there is none, as in `space:: ship`."""
    with suppress(ValueError):
        return parse_number(following), ""
    leading = _LEADING_WORD.match(following)
    if leading:
        with suppress(ValueError):
            return parse_number(leading[1]), following[leading.end() :]
    if _MISSPELT_WEIGHT.match(following):
        value, quoted = following.strip()[:_QUOTED_LENGTH], text.strip()[:_QUOTED_LENGTH]
        raise RejectedError(make_problem("weight_not_a_number", value=value, text=quoted))
    return 1.0, following


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
