"""The prompts of a row: of the words in its cell, and of the template for the whole batch."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.batches.reading.columns import find_column
from bot.batches.reading.limits import shorten_text
from bot.batches.reading.templates import Template, parse_template
from shared.problems import RejectedError, make_problem
from shared.typed_text import has_visible_text

_MAX_LISTED: Final = 400

BUILT_IN_COLUMNS: Final = ("image", "name", "row")
"""Columns that a template may name without a table: the picture's and the item's name, the row's number."""


@dataclass(frozen=True)
class RowPrompt:
    """The template in the cell of a row, and the one for the whole batch if the row has to do with it."""

    own: Template | None
    outer: Template | None

    def list_columns(self) -> Iterator[str]:
        """List the keys of the columns that it needs."""
        for template in (self.own, self.outer):
            if template:
                yield from map(find_column, template.list_columns())

    def count_prompts(self) -> int:
        """Count the prompts that it makes."""
        return (self.own.count_prompts() if self.own else 1) * (self.outer.count_prompts() if self.outer else 1)

    def expand(self, values: Mapping[str, str]) -> Iterator[str]:
        """Make the prompts with the values of columns. Raises `RejectedError` if one is too long."""
        for words in self.own.expand(_make_getter(values)) if self.own else [""]:
            if self.outer:
                yield from self.outer.expand(_make_getter({**values, "prompt": words}))
            else:
                yield words


def parse_prompt(text: str, columns: Collection[str]) -> Template | None:
    """Parse a prompt for a table with these columns; None if it is empty.

    Raises `RejectedError` if its braces do not match, or if it names another column.
    """
    if not has_visible_text(text):
        return None
    template = parse_template(text.strip())
    known = {*columns, *BUILT_IN_COLUMNS}
    for name in template.list_columns():
        if find_column(name) not in known:
            names = ", ".join(sorted(column for column in known if column))
            raise RejectedError(
                make_problem("batch_column_unknown", name=shorten_text(name), names=names[:_MAX_LISTED])
            )
    return template


def list_template_columns(text: str) -> frozenset[str]:
    """List the keys of the columns that a template names; none if it cannot be parsed."""
    try:
        return frozenset(map(find_column, parse_template(text).list_columns()))
    except RejectedError:
        return frozenset()


def combine_prompts(own: Template | None, outer: Template | None) -> RowPrompt:
    """Combine the prompt of a row with that of the batch, which gives way unless it has `{prompt}` in it."""
    if own and outer and all(find_column(name) != "prompt" for name in outer.list_columns()):
        return RowPrompt(own, None)
    return RowPrompt(own, outer)


def _make_getter(values: Mapping[str, str]) -> Callable[[str], str]:
    return lambda name: values.get(find_column(name), "")
