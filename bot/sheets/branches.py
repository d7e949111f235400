"""Where each picture of a family tree stands: branches run from left to right, and what is too long goes on below."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

Point = tuple[int, int]

# The box in which Discord shows a picture before anyone opens it, and the scale from which its words are legible there.
_PREVIEW: Final = (550, 400)
_LEGIBLE: Final = 0.42
_CUT_COSTS: Final = 0.7
_ANOTHER_CUT_COSTS: Final = 0.98
# Two columns of 16 rows hold any 40 within `most` at half of the largest measures.
_COLUMNS: Final = (2, 3, 4, 5, 6, 8)
_ROWS: Final = (2, 3, 4, 6, 8, 11, 16)


class Metrics(NamedTuple):
    """Pixels of a picture with its words (`width`, `height`), of the space for a branch before it, of all at `most`."""

    width: int
    height: int
    branch: int
    most: int


@dataclass
class Piece:
    """A part of the tree: children of `parent` (an index; None for those without one) with what descends from them.

    `at` maps each index to its (column, row) in the piece. A parent and its first child share a row.
    """

    parent: int | None
    at: dict[int, Point] = field(default_factory=dict)
    columns: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Layout:
    """Upper left corners in pixels by index, the pieces that they belong to, and the size of the whole."""

    at: dict[int, Point]
    pieces: tuple[Piece, ...]
    width: int
    height: int


Children = Mapping[int | None, Sequence[int]]


def lay_out(parents: Sequence[int | None], metrics: Metrics) -> Layout:
    """Place a forest of up to 40, given as each one's parent, so that it is best legible in Discord's preview.

    Branches are cut only where that makes it much better legible; no two pictures overlap. Raises ValueError when some
    are their own ancestors.
    """
    children: dict[int | None, list[int]] = {index: [] for index in (None, *range(len(parents)))}
    for index, parent in enumerate(parents):
        children[parent].append(index)
    best, best_score = [[Piece(None)]], (False, 0.0)
    for columns in _COLUMNS:
        for rows in _ROWS:
            pieces = _pieces(children, columns, rows)
            stacks = _stacked(pieces, rows)
            score = _score(stacks, metrics)
            if score > best_score:
                best, best_score = stacks, score
            if len(pieces) == 1:
                break  # more rows change nothing
        if max(piece.columns for piece in pieces) < columns:
            break  # nor do more columns
    layout = _placed(best, metrics)
    if len(layout.at) < len(parents):
        raise ValueError("these pictures are no tree: some are their own ancestors; leave those out")
    return layout


def _pieces(children: Children, columns: int, rows: int) -> list[Piece]:
    """Cut the tree into pieces of at most so many columns and rows, in the order in which they are read."""
    waiting: list[tuple[int | None, Sequence[int]]] = [(None, children[None])]
    pieces = []
    while waiting:
        parent, siblings = waiting.pop()
        piece = Piece(parent)
        rest: list[tuple[int | None, Sequence[int]]] = []
        _fill(piece, children, (parent, siblings), (0, 0), (columns, rows), rest)
        pieces.append(piece)
        waiting += reversed(rest)
    return pieces


def _fill(
    piece: Piece,
    children: Children,
    family: tuple[int | None, Sequence[int]],
    at: Point,
    room: Point,
    rest: list[tuple[int | None, Sequence[int]]],
) -> None:
    """Place siblings below one another with all that descends from them, and add to `rest` what has no room."""
    parent, siblings = family
    column, row = at
    for count, node in enumerate(siblings):
        if column >= room[0] or (count and piece.rows >= room[1]):
            rest.append((parent, siblings[count:]))
            return
        row = piece.rows if count else row
        piece.at[node] = column, row
        piece.columns, piece.rows = max(piece.columns, column + 1), max(piece.rows, row + 1)
        if children[node]:
            _fill(piece, children, (node, children[node]), (column + 1, row), room, rest)


def _stacked(pieces: Sequence[Piece], rows: int) -> list[list[Piece]]:
    """Put the pieces below one another in stacks of at most so many rows."""
    stacks: list[list[Piece]] = [[]]
    high = 0
    for piece in pieces:
        if stacks[-1] and high + piece.rows > rows:
            stacks.append([])
            high = 0
        stacks[-1].append(piece)
        high += piece.rows
    return stacks


def _size(stacks: Sequence[Sequence[Piece]], metrics: Metrics) -> Point:
    width = sum(_columns_of(stack) * (metrics.width + metrics.branch) - _indent(stack, metrics) for stack in stacks)
    height = max(sum(piece.rows for piece in stack) for stack in stacks) * metrics.height
    return width + (len(stacks) - 1) * _between(metrics), height


def _score(stacks: Sequence[Sequence[Piece]], metrics: Metrics) -> tuple[bool, float]:
    width, height = _size(stacks, metrics)
    cuts = sum(piece.parent is not None for stack in stacks for piece in stack)
    scale = min(_LEGIBLE, _PREVIEW[0] / max(1, width), _PREVIEW[1] / max(1, height))
    return max(width, height) <= metrics.most, scale * (_CUT_COSTS * _ANOTHER_CUT_COSTS**cuts if cuts else 1)


def _placed(stacks: Sequence[Sequence[Piece]], metrics: Metrics) -> Layout:
    """Give each picture its place, the stacks beside one another."""
    at: dict[int, Point] = {}
    left = 0
    for stack in stacks:
        first, top = left + metrics.branch - _indent(stack, metrics), 0
        for piece in stack:
            for index, (column, row) in piece.at.items():
                at[index] = first + column * (metrics.width + metrics.branch), (top + row) * metrics.height
            top += piece.rows
        left = first + _columns_of(stack) * (metrics.width + metrics.branch) - metrics.branch + _between(metrics)
    return Layout(at, tuple(itertools.chain.from_iterable(stacks)), *_size(stacks, metrics))


def _columns_of(stack: Sequence[Piece]) -> int:
    return max(piece.columns for piece in stack)


def _indent(stack: Sequence[Piece], metrics: Metrics) -> int:
    """How much narrower a stack is that continues nothing: no branch leads to its first column."""
    return metrics.branch if all(piece.parent is None for piece in stack) else 0


def _between(metrics: Metrics) -> int:
    return metrics.branch // 3
