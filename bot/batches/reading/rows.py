"""The pictures and the table of a batch become rows, and the rows items."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.batches.reading.columns import has_content, is_known_column
from bot.batches.reading.file_names import UniqueNames, clean_name, derive_name
from bot.batches.reading.limits import list_names, shorten_text
from bot.batches.reading.options import read_options, strip_zero_decimals
from bot.batches.reading.picture_names import PictureIndex, strip_extension
from bot.batches.reading.prompts import RowPrompt, combine_prompts, parse_prompt
from bot.batches.reading.templates import Template
from bot.batches.reading.values import BatchRows, DraftItem, Line, PictureRef, ReadFiles, Row, Table, TableType
from bot.domain.batches import MAX_ITEMS
from shared.notes import Note, make_note
from shared.problems import Problem, RejectedError, make_problem
from shared.typed_text import has_visible_text, parse_whole_number

_MAX_COUNTED: Final = 1_000_000_000


def build_rows(files: ReadFiles, template: str = "", *, limit: int = MAX_ITEMS) -> BatchRows:
    """Build the rows of a batch of at most `limit` items.

    `template` is the prompt of each row that has none, and of every row if it has the column `{prompt}` in it. Without
    a table, each picture is a row.
    """
    if files.problems:
        return BatchRows(notes=files.notes, problems=files.problems)
    builder = _RowBuilder(files, limit)
    try:
        rows = tuple(builder.build_rows(template))
    except RejectedError as rejection:
        return BatchRows(notes=files.notes, problems=rejection.problems)
    if builder.item_count > limit:
        count = min(builder.item_count, _MAX_COUNTED)
        return BatchRows(rows, files.notes, (make_problem("batch_too_many_items", count=count, limit=limit),))
    unused = tuple(picture for picture in files.pictures if picture not in builder.used_pictures)
    if unused:
        names = list_names(picture.path for picture in unused)
        builder.notes.append(make_note("batch_pictures_unused", count=len(unused), names=names))
    return BatchRows(rows, (*files.notes, *builder.notes), unused_pictures=unused)


@dataclass
class _RowBuilder:
    """Builds rows, and counts their items, also those that are too many and are not built."""

    files: ReadFiles
    limit: int
    item_count: int = 0
    used_pictures: set[PictureRef] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    names: UniqueNames = field(default_factory=UniqueNames)

    def build_rows(self, template: str) -> Iterator[Row]:
        """Build each row. Raises `RejectedError` if there is none, or if the template does not go with the table."""
        table = self.files.table
        outer = parse_prompt(template, table.columns if table else ())
        if table is None:
            if not self.files.pictures:
                raise RejectedError(make_problem("batch_empty"))
            for number, picture in enumerate(self.files.pictures, start=1):
                yield self._build_row(number, {}, picture, combine_prompts(None, outer), [])
            return
        lines = [line for line in table.lines[table.first_row :] if not line.is_hidden and has_content(line.cells)]
        if not lines:
            raise RejectedError(make_problem("batch_table_empty", name=shorten_text(table.file_name)))
        if len(lines) > self.limit:  # each would make one at least
            raise RejectedError(make_problem("batch_too_many_items", count=len(lines), limit=self.limit))
        index = PictureIndex(self.files.pictures)
        common_picture = None if "image" in table.columns else self._choose_common_picture()
        for line in lines:
            yield self._build_table_row(line, table, outer, index, common_picture)

    def _choose_common_picture(self) -> PictureRef | None:
        """Choose the only picture for all rows of a table that names none."""
        if len(self.files.pictures) > 1:
            raise RejectedError(make_problem("batch_image_column", count=len(self.files.pictures)))
        for picture in self.files.pictures:
            self.notes.append(make_note("batch_one_picture", name=shorten_text(picture.name)))
            return picture
        return None

    def _build_table_row(
        self, line: Line, table: Table, outer: Template | None, index: PictureIndex, picture: PictureRef | None
    ) -> Row:
        cells = {column: cell for column, cell in zip(table.columns, line.cells, strict=False) if column}
        problems = []
        if table.format.type in {TableType.CSV, TableType.TSV} and len(line.cells) > len(table.columns):
            problems.append(make_problem("batch_extra_cells", count=len(line.cells), limit=len(table.columns)))
        prompt = RowPrompt(None, None)
        try:
            prompt = combine_prompts(parse_prompt(cells.get("prompt", ""), table.columns), outer)
        except RejectedError as rejection:
            problems += rejection.problems
        needed = set(prompt.list_columns())
        problems += [
            problem
            for position, problem in line.cell_problems.items()
            if table.columns[position : position + 1]
            and (is_known_column(table.columns[position]) or table.columns[position] in needed)
        ]
        if has_visible_text(cells.get("image", "")):
            try:
                picture = index.find_picture(cells["image"])
            except RejectedError as rejection:
                problems += rejection.problems
        return self._build_row(line.number, cells, picture, prompt, problems)

    def _build_row(
        self,
        number: int,
        cells: Mapping[str, str],
        picture: PictureRef | None,
        prompt: RowPrompt,
        problems: Sequence[Problem],
    ) -> Row:
        """Build a row; without items if it has problems, or if there are too many in all."""
        found = [*problems]
        if picture:
            self.used_pictures.add(picture)
        options, option_problems = read_options(cells)
        found += option_problems
        name = clean_name(strip_extension(cells.get("name", "")))
        values = {
            "image": strip_extension(picture.name if picture else cells.get("image", "")),
            "name": name or (derive_name(picture.name, "") if picture else ""),
            "row": str(number),
        } | {column: cell.strip() for column, cell in cells.items() if column not in {"image", "name"}}
        prompts: list[str] = []
        try:
            count = _read_count(cells.get("count", ""))
            self.item_count += prompt.count_prompts() * count
            if self.item_count <= self.limit:
                prompts = [words for words in prompt.expand(values) for _ in range(count)]
        except RejectedError as rejection:
            found += rejection.problems
        if found:
            return Row(number, problems=tuple(found))
        items = []
        for index, words in enumerate(prompts):
            chosen = dict(options)
            if index % count:  # as for `/imagine`, the first of several has the seed
                chosen.pop("seed", None)
            if has_visible_text(words):
                chosen["prompt"] = words.strip()
            own_name = name or derive_name(picture.name if picture else "", words)
            items.append(DraftItem(self.names.make_unique(own_name), chosen, picture, cells.get("note", "").strip()))
        return Row(number, tuple(items))


def _read_count(cell: str) -> int:
    """Read how often a row is to be made: once unless it says so."""
    if not has_visible_text(cell):
        return 1
    try:
        count = parse_whole_number(strip_zero_decimals(cell))
    except ValueError:
        count = 0
    if count < 1:
        raise RejectedError(make_problem("batch_count", value=shorten_text(cell.strip())))
    return min(count, _MAX_COUNTED)
