"""Lines of a table become a table: its header is found, or guessed where that is safe."""

from collections.abc import Collection, Sequence

from bot.batches.reading.columns import find_column, find_header, has_content
from bot.batches.reading.limits import shorten_text
from bot.batches.reading.picture_names import is_picture_name
from bot.batches.reading.values import Line, Table, TableFormat
from shared.notes import Note, make_note
from shared.problems import RejectedError, make_problem


def build_table(
    file_name: str,
    written: TableFormat,
    lines: Sequence[Line],
    notes: Sequence[Note] = (),
    wanted: Collection[str] = (),
) -> Table:
    """Build a table of its lines; `wanted` are the columns that a template names.

    Raises `RejectedError` if it has none, no header, or a column twice.
    """
    name = shorten_text(file_name)
    if not any(has_content(line.cells) for line in lines if not line.is_hidden):
        raise RejectedError(make_problem("batch_table_empty", name=name))
    header = find_header(lines, wanted)
    if header is None:
        columns = _guess_columns(lines)
        if columns is None:
            raise RejectedError(make_problem("batch_header_missing", name=name))
        guessed = make_note("batch_header_guessed", name=name)
        return Table(file_name, written, tuple(lines), columns, 0, (*notes, guessed))
    columns = tuple(find_column(cell) for cell in lines[header].cells)
    for position, column in enumerate(columns):
        if column and column in columns[:position]:
            cell = lines[header].cells[position]
            raise RejectedError(make_problem("batch_column_repeated", name=name, column=shorten_text(cell)))
    return Table(file_name, written, tuple(lines), columns, header + 1, tuple(notes))


def _guess_columns(lines: Sequence[Line]) -> tuple[str, ...] | None:
    """Guess the columns of two, of which one has names of pictures only and the other one has none."""
    rows = [line.cells for line in lines if not line.is_hidden and has_content(line.cells)]
    if any(len(cells) != 2 for cells in rows):  # noqa: PLR2004  # a picture and a prompt
        return None
    for columns in (("image", "prompt"), ("prompt", "image")):
        names = {is_picture_name(cells[columns.index("image")]) for cells in rows}
        words = {is_picture_name(cells[columns.index("prompt")]) for cells in rows}
        if names == {True} and words == {False}:
            return columns
    return None
