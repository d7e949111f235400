r"""The brackets of Stable Diffusion's interfaces: `(word:1.3)`, `((word))`, `[a|b]`, `{a|b}`, `<lora:name:1>`, `\(`.

A single pair without a number is left alone: people write (asides), and the models read brackets as they read commas.
https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#attentionemphasis
https://github.com/adieyal/sd-dynamic-prompts/blob/main/docs/SYNTAX.md
https://docs.midjourney.com/hc/en-us/articles/32761322355597-Permutations
"""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from shared.foreign_syntax.midjourney import QUOTED_LENGTH
from shared.foreign_syntax.spans import (
    Span,
    mask_literals,
    remove_spans,
    replace_matches,
    split_around,
    unescape_brackets,
)
from shared.notes import Note, make_note
from shared.problems import Problem, make_problem

EMPHASIS: Final = 1.1
"""The factor of one pair of brackets."""

_MAX_WEIGHT: Final = 5
_NETWORK: Final = re.compile(
    r"<\s*(?:lora|lyco|locon|hypernet|embedding|ti)\b[^<>]*>|\(?(?<!\w)embedding:[\w./-]+(?::[\d.]+)?\)?", re.IGNORECASE
)
_BREAK: Final = re.compile(r"(?<![^\s,.;])BREAK(?![^\s,.;])")
_CAPITALS: Final = re.compile(r"[^\W\d_]+")
_BRACES: Final = re.compile(r"\{[^{}]*\}")
_SQUARE: Final = re.compile(r"\[[^\[\]]*\]")
_DOUBLE_SQUARE: Final = re.compile(r"\[\[[^\[\]]+\]\]")
_SCHEDULED: Final = re.compile(r"\[([^:]*):([^:]*):\s*[\d.]+\s*\]")
_ALTERNATIVE_PREFIX: Final = re.compile(r"\s*(?:\d+\$\$|[\d.]+::)")
_WEIGHT_SUFFIX: Final = re.compile(r"\s*:{1,2}\s*(\d*[.,]?\d+)\s*$")


@dataclass(frozen=True)
class BracketReading:
    """A text without the brackets of other tools, with notes on the ones that were understood and the other ones."""

    text: str
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class _Group:
    """A pair of brackets with a weight: its span, and that of the words in it."""

    span: Span
    words: Span
    weight: float


def read_brackets(text: str, *, may_weigh: bool = True) -> BracketReading:
    """Read the brackets of a text. Emphasis of whole parts becomes weights if it `may_weigh`, else plain words."""
    notes: list[Note] = []
    text, problems = _remove_networks(text)
    breaks = [found.span() for found in _BREAK.finditer(mask_literals(text)) if not _is_shouted(text, found.span())]
    if breaks:
        text = ", ".join(_strip_parts(split_around(text, breaks)))
        notes.append(make_note("break_left_out"))
    for pattern, choose in ((_BRACES, _choose_from_braces), (_SQUARE, _choose_from_square)):
        text, groups = replace_matches(text, pattern, choose)
        problems += [make_problem("alternatives_unsupported", value=group[:QUOTED_LENGTH]) for group in groups[:1]]
    text, weakened = replace_matches(text, _DOUBLE_SQUARE, lambda group: group.strip("[]"))
    text, emphasis_code = _read_emphasis(text, may_weigh=may_weigh)
    if code := "emphasis_left_out" if weakened else emphasis_code:
        notes.append(make_note(code))
    if _SQUARE.search(mask_literals(text)):
        notes.append(make_note("brackets_kept"))
    return BracketReading(unescape_brackets(text), tuple(notes), tuple(problems))


def _remove_networks(text: str) -> tuple[str, list[Problem]]:
    spans = [found.span() for found in _NETWORK.finditer(mask_literals(text))]
    problems = [make_problem("network_unsupported", value=text[start:end][:QUOTED_LENGTH]) for start, end in spans]
    return remove_spans(text, spans), problems


def _is_shouted(text: str, span: Span) -> bool:
    """Return whether the word stands beside another one in capitals, as in the title PRISON BREAK."""
    before = _CAPITALS.findall(text[max(0, span[0] - QUOTED_LENGTH) : span[0]])[-1:]
    after = _CAPITALS.findall(text[span[1] : span[1] + QUOTED_LENGTH])[:1]
    return any(len(word) > 1 and word.isupper() for word in (*before, *after))


def _strip_parts(pieces: Iterable[str]) -> Iterator[str]:
    """Strip the commas and spaces around parts, and leave out the empty ones."""
    return filter(None, (piece.strip(" \t\n,;") for piece in pieces))


def _choose_from_braces(group: str) -> str | None:
    """Choose the first alternative of `{a|b}` or `{a, b}`; None for braces around anything else, such as JSON."""
    content = group[1:-1]
    masked = mask_literals(content)
    if "|" in masked:
        return _ALTERNATIVE_PREFIX.sub("", content[: masked.index("|")], count=1).strip()
    if "," in masked and ":" not in masked:
        return content[: masked.index(",")].strip()
    return None


def _choose_from_square(group: str) -> str | None:
    """Choose the first alternative of `[a|b]`, and the words that `[from:to:when]` ends with."""
    masked = mask_literals(group)
    if "|" in masked:
        return group[1 : masked.index("|")].strip()
    scheduled = _SCHEDULED.fullmatch(group)
    return None if scheduled is None else (scheduled[2] or scheduled[1]).strip()


def _read_emphasis(text: str, *, may_weigh: bool) -> tuple[str, str | None]:
    """Read `(word:1.3)` and `((word))`. Returns the text, and the code of a note on it if there was any."""
    masked = mask_literals(text)
    groups = list(_find_groups(masked))
    if not groups:
        return text, None
    outer = list(_find_outermost(groups))
    removed = {
        index
        for group in groups
        for index in (*range(group.span[0], group.words[0]), *range(group.words[1], group.span[1]))
    }
    if may_weigh and not re.search(r"\||::", masked) and all(_is_whole_part(masked, group.span) for group in outer):
        return " | ".join(_write_parts(text, outer, removed)), "emphasis_weighed"
    return _write_words(text, (0, len(text)), removed), "emphasis_left_out"


def _find_outermost(groups: list[_Group]) -> Iterator[_Group]:
    end = 0
    for group in sorted(groups, key=lambda group: group.span):
        if group.span[0] >= end:
            end = group.span[1]
            yield group


def _find_groups(masked: str) -> Iterator[_Group]:
    """Find the pairs with a weight: a number of their own, or several pairs around the same words."""
    opened: list[int] = []
    closed: dict[int, _Group] = {}
    for position, character in enumerate(masked):
        if character == "(":
            opened.append(position)
        elif character == ")" and opened:
            start = opened.pop()
            span, nested = (start, position + 1), closed.pop(start + 1, None)
            number = _parse_weight(masked, start, position)
            if number is not None:
                closed[start] = _Group(span, (start + 1, number[1]), number[0])
            elif nested is not None and nested.span[1] == position:
                closed[start] = _Group(span, nested.words, nested.weight * EMPHASIS)
            else:
                closed[start] = _Group(span, (start + 1, position), EMPHASIS)
                continue
            yield closed[start]


def _parse_weight(masked: str, start: int, end: int) -> tuple[float, int] | None:
    """Parse the weight of a pair, with where its words end. None without one, or for a time as in `(at 10:30)`."""
    tail_start = max(start + 1, end - _WEIGHT_LENGTH)
    found = _WEIGHT_SUFFIX.search(masked[tail_start:end])
    if found is None:
        return None
    words = masked[start + 1 : tail_start + found.start()].rstrip()
    weight = float(found[1].replace(",", "."))
    is_time = words[-1:].isdigit() and not re.search("[.,]", found[1])
    return None if not words or is_time or weight > _MAX_WEIGHT else (weight, tail_start + found.start())


_WEIGHT_LENGTH: Final = 16


def _is_whole_part(masked: str, span: Span) -> bool:
    """Return whether nothing but commas stands around the pair."""
    before, after = masked[: span[0]].rstrip(), masked[span[1] :].lstrip()
    return before[-1:] in {"", ",", ";"} and after[:1] in {"", ",", ";", "."}


def _write_parts(text: str, outer: list[_Group], removed: AbstractSet[int]) -> Iterator[str]:
    first, *others = split_around(text, (group.span for group in outer))
    yield from _strip_parts([first])
    for group, following in zip(outer, others, strict=True):
        yield f"{_write_words(text, group.words, removed)}::{round(group.weight, 3):g}"
        yield from _strip_parts([following])


def _write_words(text: str, span: Span, removed: AbstractSet[int]) -> str:
    return "".join(text[index] for index in range(*span) if index not in removed).strip()
