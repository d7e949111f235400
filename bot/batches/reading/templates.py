r"""Prompts with columns and lists in braces: `{colour}` is a column of the table, `{red,blue}` makes a prompt of each.

Braces around a comma or, as in other tools, a `|` are a list; its entries may have columns and lists in them. `{{` and
`}}` are literal braces: they become `\{` and `\}`, which the syntax of prompts reads so, as it does `\\`.
https://docs.midjourney.com/hc/en-us/articles/32761322355597-Permutations
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Final, TypeAlias

from bot.batches.reading.limits import MAX_BRACES, MAX_CELL_LENGTH, shorten_text
from shared.problems import RejectedError, make_problem

_TOKEN: Final = re.compile(r"(?:\\\\|\\(?![\\{}])|[^\\{}])+|\\[{}]|\{\{|[{}]")
_GROUP_TOKEN: Final = re.compile(r"(?:\\\\|\\(?![\\{}|,])|[^\\{}|,])+|\\[{}|,]|\{\{|[{}|,]")
_OPENING: Final = "{"
_CLOSING: Final = "}"
_ESCAPES: Final = {"{{": "\\{", _CLOSING: "\\}"}
_LIST_SEPARATORS: Final = ("|", ",")
_MAX_DEPTH: Final = 8


@dataclass(frozen=True)
class Text:
    """Words that stay as they are."""

    text: str


@dataclass(frozen=True)
class Column:
    """A column by the name in its braces."""

    name: str


@dataclass(frozen=True)
class Choice:
    """A list of entries, each of which makes a prompt."""

    entries: tuple["Template", ...]


@dataclass(frozen=True)
class Template:
    """A prompt with columns and lists."""

    parts: tuple["Part", ...]

    def list_columns(self) -> Iterator[str]:
        """List the names of the columns in it."""
        for part in self.parts:
            if isinstance(part, Column):
                yield part.name
            elif isinstance(part, Choice):
                for entry in part.entries:
                    yield from entry.list_columns()

    def count_prompts(self) -> int:
        """Count the prompts that it makes: the product of its lists."""
        return math.prod(
            sum(entry.count_prompts() for entry in part.entries) for part in self.parts if isinstance(part, Choice)
        )

    def expand(self, get_cell: Callable[[str], str]) -> Iterator[str]:
        """Make the prompts one after the other, the last list changing first."""
        for pieces in product(*(list(_expand_part(part, get_cell)) for part in self.parts)):
            if sum(map(len, pieces)) > MAX_CELL_LENGTH:
                raise RejectedError(make_problem("batch_prompt_length", limit=MAX_CELL_LENGTH))
            yield "".join(pieces)


Part: TypeAlias = Text | Column | Choice


def parse_template(text: str) -> Template:
    """Parse a prompt with columns and lists. Raises `RejectedError` if its braces do not match, or are too many."""
    if text.count(_OPENING) > MAX_BRACES:
        raise RejectedError(make_problem("batch_brace_count", text=shorten_text(text), limit=MAX_BRACES))
    return _Parser(text).parse()


class _Parser:
    """Parses a text from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def parse(self) -> Template:
        parts: list[Part] = []
        while self._position < len(self._text):
            token = self._take_token(_TOKEN)
            if token == _CLOSING and self._take_token(_TOKEN) != _CLOSING:
                raise self._make_error()
            parts.append(self._parse_group(1) if token == _OPENING else Text(_ESCAPES.get(token, token)))
        return Template(tuple(parts))

    def _parse_group(self, depth: int) -> Part:
        """Parse the tokens up to the brace that closes the group."""
        if depth > _MAX_DEPTH:
            raise self._make_error()
        members: list[Part | str] = []
        for token in iter(partial(self._take_token, _GROUP_TOKEN), _CLOSING):
            if token == _OPENING:
                members.append(self._parse_group(depth + 1))
            elif token in _LIST_SEPARATORS:
                members.append(token)
            else:
                members.append(Text({**_ESCAPES, "\\,": ","}.get(token, token)))
        separator = next((separator for separator in _LIST_SEPARATORS if separator in members), None)
        return self._make_column(members) if separator is None else _make_choice(members, separator)

    def _make_column(self, members: list[Part | str]) -> Column:
        name = "".join(member.text for member in members if isinstance(member, Text)).strip()
        if not name or not all(isinstance(member, Text) for member in members):
            raise self._make_error()
        return Column(name)

    def _take_token(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._position)
        if found is None:
            raise self._make_error()
        self._position = found.end()
        return found[0]

    def _make_error(self) -> RejectedError:
        return RejectedError(make_problem("batch_braces", text=shorten_text(self._text)))


def _make_choice(members: list[Part | str], separator: str) -> Choice:
    """Split the members of a list; a comma between bars is one of the words."""
    entries: list[list[Part]] = [[]]
    for member in members:
        if member == separator:
            entries.append([])
        else:
            entries[-1].append(Text(member) if isinstance(member, str) else member)
    return Choice(tuple(_make_entry(entry) for entry in entries))


def _make_entry(parts: list[Part]) -> Template:
    """Make an entry of a list, without the spaces around it."""
    words = [part.text for part in parts if isinstance(part, Text)]
    if len(words) == len(parts):
        return Template((Text("".join(words).strip()),))
    first, last = parts[0], parts[-1]
    if isinstance(first, Text):
        parts[0] = Text(first.text.lstrip())
    if isinstance(last, Text):
        parts[-1] = Text(last.text.rstrip())
    return Template(tuple(parts))


def _expand_part(part: Part, get_cell: Callable[[str], str]) -> Iterator[str]:
    match part:
        case Text(text):
            yield text
        case Column(name):
            yield get_cell(name)
        case Choice(entries):
            for entry in entries:
                yield from entry.expand(get_cell)
