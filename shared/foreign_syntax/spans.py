"""Where words are literal in a prompt, and removing spans of it."""

import re
from collections.abc import Callable, Iterable
from typing import Final

Span = tuple[int, int]

_MASK: Final = "\x1a"
_LITERAL: Final = re.compile(
    r"""\\[()\[\]{}\\|:,]            # an escaped character
      | (?<!\w)"[^"]*"(?!\w)         # a quotation; a mark after a digit is one of inches
      | “[^“”]*”
      | «[^«»]*»
      """,
    re.VERBOSE,
)
_ESCAPED_BRACKET: Final = re.compile(r"(\\\\|\\\||\\::)|\\([()\[\]{}])")
_CLOSING_MARKS: Final = ",.;:!?"
_MAX_DEPTH: Final = 8


def mask_literals(text: str) -> str:
    """Replace quotations and escaped characters by as many characters that no syntax has."""
    return _LITERAL.sub(lambda found: _MASK * len(found[0]), text)


def remove_spans(text: str, spans: Iterable[Span]) -> str:
    """Remove spans with the space that they leave, and a comma or point that nothing precedes any more."""
    kept, *others = split_around(text, sorted(spans))
    for piece in others:
        kept = _join(kept, piece)
    return kept


def split_around(text: str, spans: Iterable[Span]) -> list[str]:
    """Split a text at spans, given in order: the pieces before, between and after them."""
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    return [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]


def replace_matches(text: str, pattern: re.Pattern[str], choose: Callable[[str], str | None]) -> tuple[str, list[str]]:
    """Replace the matches outside of literals by the text that is chosen for them, from the inside outwards.

    A match for which None is chosen stays. Returns the text, and the matches that were replaced.
    """
    replaced: list[str] = []
    for _ in range(_MAX_DEPTH):
        pieces, position = [], 0
        for found in pattern.finditer(mask_literals(text)):
            original = text[found.start() : found.end()]
            chosen = choose(original)
            if chosen is not None:
                pieces += [text[position : found.start()], chosen]
                position = found.end()
                replaced.append(original)
        if not pieces:
            break
        text = "".join([*pieces, text[position:]])
    return text, replaced


def find_outermost_pairs(text: str, brackets: str) -> list[Span]:
    """Find the outermost pairs of these brackets, given as opening and closing ones in turn: `[]{}`."""
    closing = dict(zip(brackets[::2], brackets[1::2], strict=True))
    opened: list[tuple[str, int]] = []
    pairs: list[Span] = []
    for position, character in enumerate(text):
        if character in closing:
            opened.append((closing[character], position))
        elif opened and character == opened[-1][0]:
            start = opened.pop()[1]
            while pairs and pairs[-1][0] > start:
                pairs.pop()
            pairs.append((start, position + 1))
    return pairs


def unescape_brackets(text: str) -> str:
    r"""Write `\(` as `(`, and leave the escapes of our own syntax."""
    return _ESCAPED_BRACKET.sub(lambda found: found[1] or found[2], text)


def _join(before: str, after: str) -> str:
    before, after = before.rstrip(), after.lstrip()
    if not before or before[-1] in _CLOSING_MARKS:
        after = after.lstrip(f"{_CLOSING_MARKS} ")
    gap = " " if before and after and after[0] not in _CLOSING_MARKS else ""
    return f"{before}{gap}{after}"
