"""The cells of a row become options of a request, written as people and spreadsheets write them."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from bot.batches.reading.columns import FORMAT_COLUMN, OPTION_COLUMNS, fold_words
from bot.batches.reading.limits import shorten_text
from shared.i18n.messages import list_languages, load_messages
from shared.problems import Problem, make_problem
from shared.request.model import Fit
from shared.typed_text import has_visible_text, parse_number

_WHOLE_NUMBERS: Final = frozenset({"seed", "steps"})
_CHOICES: Final = ("style_preset", "init_image_mode", "fit", "clip_guidance_preset", "sampler", "output_format")
_ZERO_DECIMALS: Final = re.compile(r"(.*\d)[.,]0+", re.DOTALL)
_RATIO: Final = re.compile(r"0?(\d{1,2})\s*[:x×/]\s*0?(\d{1,2})(?::00)?", re.IGNORECASE)
_FILE_FORMATS: Final = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp"}


def read_options(cells: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """Read the options of a row from its cells by column, with the problems of those that are ambiguous.

    Choices may be written by their labels in any language. `aspect` may be a time, which spreadsheets make of `16:9`.
    """
    options: dict[str, str] = {}
    problems: list[Problem] = []
    for column, cell in _list_options(cells):
        value = cell.strip()
        if column in _WHOLE_NUMBERS:
            value = strip_zero_decimals(value)
        elif column in _CHOICES:
            value = _find_choice(column, value)
            if column == "fit" and value not in set(Fit):  # the others are checked against the row of the model
                choices = ", ".join(Fit)
                problems.append(
                    make_problem("batch_not_a_choice", field=column, value=shorten_text(value), choices=choices)
                )
        elif column == "aspect_ratio":
            value = _read_ratio(value)
        elif column == "keep" and _is_fraction(value):
            problems.append(make_problem("batch_keep_fraction", value=shorten_text(value)))
        options.setdefault(column, value)
    return options, problems


def strip_zero_decimals(text: str) -> str:
    """Write a whole number such as `7.0` without decimals."""
    found = _ZERO_DECIMALS.fullmatch(text.strip())
    return found[1] if found else text.strip()


def _list_options(cells: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for column in (*OPTION_COLUMNS, FORMAT_COLUMN):
        cell = cells.get(column, "")
        if column in {"image", "prompt"} or not has_visible_text(cell):
            continue
        if column == FORMAT_COLUMN:
            column = "output_format" if fold_words(cell) in _FILE_FORMATS else "aspect_ratio"  # noqa: PLW2901
        yield column, cell


def _is_fraction(value: str) -> bool:
    """Tell whether a percentage is so near to nothing that 0 to 1 was likely meant for 0 to 100 %."""
    try:
        return 0 < parse_number(value) < 1
    except ValueError:
        return False


def _read_ratio(value: str) -> str:
    found = _RATIO.fullmatch(value)
    return f"{int(found[1])}:{int(found[2])}" if found else value


def _find_choice(field: str, value: str) -> str:
    if field == "output_format":
        return _FILE_FORMATS.get(fold_words(value), value)
    return _map_choices(field).get(fold_words(value), value)


@cache
def _map_choices(field: str) -> Mapping[str, str]:
    """Map the folded labels of an option's choices in every language, and the choices themselves, to the choices."""
    labels = [item for language in list_languages() for item in load_messages(language).list_choices(field).items()]
    return {fold_words(label): choice for choice, label in labels} | {
        fold_words(choice): choice for choice, _ in labels
    }
