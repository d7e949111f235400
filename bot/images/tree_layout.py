"""Where each picture of a family tree stands: branches run from left to right, and what is too long goes on below."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

Point = tuple[int, int]

# The box in which Discord shows a picture before anyone opens it, and the scale from which its words are legible there.
_PREVIEW_SIZE: Final = (550, 400)
_LEGIBLE_SCALE: Final = 0.42
_FIRST_CUT_PENALTY: Final = 0.7
_FURTHER_CUT_PENALTY: Final = 0.98
# Two columns of 16 rows hold any 40 within `most` at half of the largest measures.
_COLUMN_LIMITS: Final = (2, 3, 4, 5, 6, 8)
_ROW_LIMITS: Final = (2, 3, 4, 6, 8, 11, 16)


class Metrics(NamedTuple):
    """Pixels of a picture with its words (`width`, `height`), of the space for a branch before it, of all at `most`."""

    node_width: int
    node_height: int
    branch_width: int
    max_side: int


@dataclass
class Subtree:
    """A part of the tree: children of `parent` (an index; None for those without one) with what descends from them.

    `at` maps each index to its (column, row) in the piece. A parent and its first child share a row.
    """

    parent: int | None
    cells: dict[int, Point] = field(default_factory=dict)
    columns: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Layout:
    """Upper left corners in pixels by index, the pieces that they belong to, and the size of the whole."""

    positions: dict[int, Point]
    subtrees: tuple[Subtree, ...]
    width: int
    height: int


ChildrenByParent = Mapping[int | None, Sequence[int]]


def compute_layout(parents: Sequence[int | None], metrics: Metrics) -> Layout:
    """Place a forest of up to 40, given as each one's parent, so that it is best legible in Discord's preview.

    Branches are cut only where that makes it much better legible; no two pictures overlap. Raises ValueError when some
    are their own ancestors.
    """
    children: dict[int | None, list[int]] = {index: [] for index in (None, *range(len(parents)))}
    for index, parent in enumerate(parents):
        children[parent].append(index)
    best, best_score = [[Subtree(None)]], (False, 0.0)
    for columns in _COLUMN_LIMITS:
        for rows in _ROW_LIMITS:
            pieces = _split_into_subtrees(children, columns, rows)
            stacks = _stack_subtrees(pieces, rows)
            score = _score_stacks(stacks, metrics)
            if score > best_score:
                best, best_score = stacks, score
            if len(pieces) == 1:
                break  # more rows change nothing
        if max(piece.columns for piece in pieces) < columns:
            break  # nor do more columns
    layout = _position_stacks(best, metrics)
    if len(layout.positions) < len(parents):
        raise ValueError("these pictures are no tree: some are their own ancestors; leave those out")
    return layout


def _split_into_subtrees(children: ChildrenByParent, max_columns: int, max_rows: int) -> list[Subtree]:
    """Cut the tree into pieces of at most so many columns and rows, in the order in which they are read."""
    waiting: list[tuple[int | None, Sequence[int]]] = [(None, children[None])]
    pieces = []
    while waiting:
        parent, siblings = waiting.pop()
        piece = Subtree(parent)
        rest: list[tuple[int | None, Sequence[int]]] = []
        _place_siblings(piece, children, (parent, siblings), (0, 0), (max_columns, max_rows), rest)
        pieces.append(piece)
        waiting += reversed(rest)
    return pieces


def _place_siblings(
    subtree: Subtree,
    children: ChildrenByParent,
    family: tuple[int | None, Sequence[int]],
    cell: Point,
    limits: Point,
    remaining: list[tuple[int | None, Sequence[int]]],
) -> None:
    """Place siblings below one another with all that descends from them, and add to `rest` what has no room."""
    parent, siblings = family
    column, row = cell
    for count, node in enumerate(siblings):
        if column >= limits[0] or (count and subtree.rows >= limits[1]):
            remaining.append((parent, siblings[count:]))
            return
        row = subtree.rows if count else row
        subtree.cells[node] = column, row
        subtree.columns, subtree.rows = max(subtree.columns, column + 1), max(subtree.rows, row + 1)
        if children[node]:
            _place_siblings(subtree, children, (node, children[node]), (column + 1, row), limits, remaining)


def _stack_subtrees(subtrees: Sequence[Subtree], max_rows: int) -> list[list[Subtree]]:
    """Put the pieces below one another in stacks of at most so many rows."""
    stacks: list[list[Subtree]] = [[]]
    high = 0
    for piece in subtrees:
        if stacks[-1] and high + piece.rows > max_rows:
            stacks.append([])
            high = 0
        stacks[-1].append(piece)
        high += piece.rows
    return stacks


def _measure_stacks(stacks: Sequence[Sequence[Subtree]], metrics: Metrics) -> Point:
    width = sum(
        _count_columns(stack) * (metrics.node_width + metrics.branch_width) - _compute_indent(stack, metrics)
        for stack in stacks
    )
    height = max(sum(piece.rows for piece in stack) for stack in stacks) * metrics.node_height
    return width + (len(stacks) - 1) * _compute_stack_gap(metrics), height


def _score_stacks(stacks: Sequence[Sequence[Subtree]], metrics: Metrics) -> tuple[bool, float]:
    width, height = _measure_stacks(stacks, metrics)
    cuts = sum(piece.parent is not None for stack in stacks for piece in stack)
    scale = min(_LEGIBLE_SCALE, _PREVIEW_SIZE[0] / max(1, width), _PREVIEW_SIZE[1] / max(1, height))
    return max(width, height) <= metrics.max_side, scale * (
        _FIRST_CUT_PENALTY * _FURTHER_CUT_PENALTY**cuts if cuts else 1
    )


def _position_stacks(stacks: Sequence[Sequence[Subtree]], metrics: Metrics) -> Layout:
    """Give each picture its place, the stacks beside one another."""
    at: dict[int, Point] = {}
    left = 0
    for stack in stacks:
        first, top = left + metrics.branch_width - _compute_indent(stack, metrics), 0
        for piece in stack:
            for index, (column, row) in piece.cells.items():
                at[index] = (
                    first + column * (metrics.node_width + metrics.branch_width),
                    (top + row) * metrics.node_height,
                )
            top += piece.rows
        left = (
            first
            + _count_columns(stack) * (metrics.node_width + metrics.branch_width)
            - metrics.branch_width
            + _compute_stack_gap(metrics)
        )
    return Layout(at, tuple(itertools.chain.from_iterable(stacks)), *_measure_stacks(stacks, metrics))


def _count_columns(stack: Sequence[Subtree]) -> int:
    return max(piece.columns for piece in stack)


def _compute_indent(stack: Sequence[Subtree], metrics: Metrics) -> int:
    """How much narrower a stack is that continues nothing: no branch leads to its first column."""
    return metrics.branch_width if all(piece.parent is None for piece in stack) else 0


def _compute_stack_gap(metrics: Metrics) -> int:
    return metrics.branch_width // 3
