"""The columns of a table: their names in each language, and the line that has them."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from bot.batches.reading.limits import MAX_HEADER_LINE
from bot.batches.reading.values import Line
from shared.i18n.messages import list_languages, load_messages
from shared.typed_text import has_visible_text, is_invisible

_ONLY_HERE: Final = ("count", "name", "note")

OPTION_COLUMNS: Final = (
    *("image", "prompt", "negative", "model", "keep", "seed", "style_preset", "aspect_ratio", "output_format", "fit"),
    *("steps", "cfg_scale", "sampler", "clip_guidance_preset", "init_image_mode", "step_schedule_start"),
    *("step_schedule_end", "creativity"),
)
"""The columns of options by the names of their fields. Other options are those of single edits."""

FORMAT_COLUMN: Final = "format"
"""The column `format`: the shape in French tables, the file format in English ones. Its values tell them apart."""

_ALIASES: Final[Mapping[str, Sequence[str]]] = {
    "image": ("picture", "file", "file name", "fichier", "nom du fichier", "nom de fichier"),
    "prompt": ("invite", "consigne"),
    "negative": ("negative prompt", "négatif", "prompt négatif", "invite négative"),
    "keep": ("conserver",),
    "style_preset": ("style",),
    "aspect_ratio": ("aspect", "aspect ratio"),
    "count": ("nombre",),
    "name": ("nom",),
    "note": ("notes",),
    FORMAT_COLUMN: ("format",),
}
_SEPARATORS: Final = re.compile(r"[\W_]+")


def fold_words(text: str) -> str:
    """Fold the words of a header: case, accents, spaces and punctuation make no difference."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c) and (c.isspace() or not is_invisible(c)))
    return _SEPARATORS.sub(" ", letters.replace("œ", "oe")).strip()


def list_column_names(column: str) -> tuple[str, ...]:
    """List the names under which people may write a column, the ones of the command's options first."""
    names = [column, *_ALIASES.get(column, ())]
    if column not in {*_ONLY_HERE, FORMAT_COLUMN}:
        names = [load_messages(language).get_option_name(column) for language in list_languages()] + names
    by_folded: dict[str, str] = {}
    for name in names:
        if column == FORMAT_COLUMN or name != FORMAT_COLUMN:
            by_folded.setdefault(fold_words(name), name)
    return tuple(by_folded.values())


def find_column(header: str) -> str:
    """Find the key of a column by its header: a known one, else its folded words, "" if there are none."""
    folded = fold_words(header)
    return COLUMNS_BY_NAME.get(folded, folded)


def is_known_column(column: str) -> bool:
    """Tell whether a column has a meaning of its own; any other is for `{columns}` in prompts."""
    return column in KNOWN_COLUMNS


def find_header(lines: Sequence[Line], wanted: Collection[str] = ()) -> int | None:
    """Find the index of the line with the names of the columns: the first that has some, and little else.

    `wanted` are the columns that a template names. None if there is none among the first lines with content.
    """
    filled = [index for index, line in enumerate(lines) if not line.is_hidden and has_content(line.cells)]
    candidates = filled[:MAX_HEADER_LINE]
    scores = {index: count_column_names(lines[index].cells, wanted) for index in candidates}
    best = max(scores.values(), default=0)
    return next((index for index in candidates if scores[index] == best), None) if best else None


def has_content(cells: Iterable[str]) -> bool:
    """Tell whether any of the cells shows something."""
    return any(has_visible_text(cell) for cell in cells)


def count_column_names(cells: Sequence[str], wanted: Collection[str] = ()) -> int:
    """Count the columns that a line names; 0 for a line of data, which may have such a word by chance."""
    columns = {find_column(cell) for cell in cells} - {""}
    known = sum(is_known_column(column) or column in wanted for column in columns)
    is_header = known >= 2 or len(columns) == known or bool(columns & {"image", "prompt", *wanted})  # noqa: PLR2004  # two columns
    return known if is_header else 0


KNOWN_COLUMNS: Final = (*OPTION_COLUMNS, *_ONLY_HERE, FORMAT_COLUMN)
"""The columns that have a meaning."""

COLUMNS_BY_NAME: Final[Mapping[str, str]] = MappingProxyType(
    {fold_words(name): column for column in KNOWN_COLUMNS for name in list_column_names(column)}
)
"""The columns by the folded names under which people may write them."""
