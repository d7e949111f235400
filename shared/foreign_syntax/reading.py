"""Reads a prompt that may be written for another image tool."""

import re
from dataclasses import dataclass
from typing import Final

from shared.foreign_syntax.midjourney import FoundParameter, find_parameters
from shared.foreign_syntax.spans import Span, find_outermost_pairs, mask_literals, remove_spans
from shared.foreign_syntax.stable_diffusion import read_brackets
from shared.notes import Note
from shared.problems import Problem

_LINK: Final = re.compile(r"<https?://[^\s<>]+>|https?://[^\s<>\x1a]+", re.IGNORECASE)
_SEPARATOR: Final = re.compile(r"\\\\|\\\||\\::|(\||::)")


@dataclass(frozen=True)
class ReadOption:
    """An option that a parameter fills, with the parameter as it was typed."""

    field: str
    value: str
    parameter: str


@dataclass(frozen=True)
class PromptReading:
    """A prompt as it was understood: its `text` in our own syntax, and everything that was taken out of it.

    `literal` is the whole prompt, foreign syntax included, as words. `notes` say how the text was changed, `problems`
    are about all that has no equal here.
    """

    text: str
    literal: str
    options: tuple[ReadOption, ...] = ()
    links: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_prompt(prompt: str) -> PromptReading:
    """Read a prompt. One without foreign syntax stays as it is."""
    found = find_parameters(prompt)
    text = remove_spans(prompt, [parameter.span for parameter in found])
    links = _find_links(text)
    brackets = read_brackets(remove_spans(text, [span for span, _ in links]))
    return PromptReading(
        text=brackets.text,
        literal=_escape_groups(prompt),
        options=tuple(_list_options(found)),
        links=tuple(dict.fromkeys(link for _, link in links)),
        notes=brackets.notes,
        problems=(*(parameter.problem for parameter in found if parameter.problem), *brackets.problems),
    )


def _find_links(text: str) -> list[tuple[Span, str]]:
    links = []
    for found in _LINK.finditer(mask_literals(text)):
        link = text[found.start() : found.end()]
        link = link[1:-1] if link.startswith("<") else link.rstrip(".,;:!?)")
        end = found.end() if text[found.start()] == "<" else found.start() + len(link)
        links.append(((found.start(), end), link))
    return links


def _list_options(found: list[FoundParameter]) -> list[ReadOption]:
    """List the options: of a parameter that was given twice, the last one; of things to avoid, all."""
    options: dict[str, ReadOption] = {}
    for parameter in found:
        if not parameter.field:
            continue
        earlier = options.get(parameter.field)
        value, text = parameter.value, parameter.text
        if earlier is not None and parameter.field == "negative":
            value, text = f"{earlier.value}, {value}", f"{earlier.parameter} {text}"
        options[parameter.field] = ReadOption(parameter.field, value, text)
    return list(options.values())


def _escape_groups(prompt: str) -> str:
    """Escape our own syntax within the brackets of other tools."""
    pieces, position = [], 0
    for start, end in find_outermost_pairs(prompt, "[]{}"):
        escaped = _SEPARATOR.sub(lambda found: f"\\{found[1]}" if found[1] else found[0], prompt[start:end])
        pieces += [prompt[position:start], escaped]
        position = end
    return "".join([*pieces, prompt[position:]])
