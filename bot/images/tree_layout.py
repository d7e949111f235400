"""The layout of lineage trees: branches run from left to right, and are continued below where they are too long."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

Point = tuple[int, int]

_PREVIEW_SIZE: Final = (340, 350)  # pixels of Discord's preview of an image in a narrow thread
LEGIBLE_SCALE: Final = 0.4  # at which the text of a drawing is legible in that preview
_FIRST_CUT_PENALTY: Final = 0.7
_FURTHER_CUT_PENALTY: Final = 0.98
# Stacks of two columns and 16 rows hold any 40 nodes at half size within `max_side`.
_COLUMN_LIMITS: Final = (2, 3, 4, 5, 6, 8)
_ROW_LIMITS: Final = (2, 3, 4, 6, 8, 11, 16)


class Metrics(NamedTuple):
    """Lengths in pixels: of a node with its texts, of the branch before it, and of the drawing's longer side."""

    node_width: int
    node_height: int
    branch_width: int
    max_side: int


@dataclass
class Subtree:
    """A part of the tree that is drawn in one piece: children of `parent` and their descendants.

    `parent` is the index of a node, None for roots. `cells` maps the index of a node to its (column, row). A parent and
    its first child share a row.
    """

    parent: int | None
    cells: dict[int, Point] = field(default_factory=dict)
    columns: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Layout:
    """The upper left corners of the nodes in pixels, by index, their subtrees, and the size of the drawing."""

    positions: dict[int, Point]
    subtrees: tuple[Subtree, ...]
    width: int
    height: int


ChildrenByParent = Mapping[int | None, Sequence[int]]
Siblings = tuple[int | None, Sequence[int]]
"""A parent and some of its children."""


def compute_layout(parents: Sequence[int | None], metrics: Metrics) -> Layout:
    """Place up to 40 nodes so that they are as legible as possible in Discord's preview, without overlaps.

    `parents` has the index of each node's parent. Branches are cut only where that improves legibility a lot. Raises
    `ValueError` for nodes that are their own ancestors.
    """
    children: dict[int | None, list[int]] = {index: [] for index in (None, *range(len(parents)))}
    for index, parent in enumerate(parents):
        children[parent].append(index)
    best, best_score = [[Subtree(None)]], (False, 0.0)
    for columns in _COLUMN_LIMITS:
        for rows in _ROW_LIMITS:
            subtrees = _split_into_subtrees(children, columns, rows)
            stacks = _stack_subtrees(subtrees, rows)
            score = _score_stacks(stacks, metrics)
            if score > best_score:
                best, best_score = stacks, score
            if len(subtrees) == 1:
                break  # more rows change nothing
        if max(subtree.columns for subtree in subtrees) < columns:
            break  # more columns change nothing
    layout = _position_stacks(best, metrics)
    if len(layout.positions) < len(parents):
        raise ValueError("these nodes are no tree: some are their own ancestors")
    return layout


def compute_preview_scale(width: int, height: int) -> float:
    """Compute how much a drawing of this size is scaled down in Discord's preview."""
    return min(_PREVIEW_SIZE[0] / max(1, width), _PREVIEW_SIZE[1] / max(1, height))


def _split_into_subtrees(children: ChildrenByParent, max_columns: int, max_rows: int) -> list[Subtree]:
    """Split the tree into subtrees of at most `max_columns` and `max_rows`, in reading order."""
    stack: list[Siblings] = [(None, children[None])]
    subtrees = []
    while stack:
        siblings = stack.pop()
        subtree = Subtree(siblings[0])
        remaining: list[Siblings] = []
        _place_siblings(subtree, children, siblings, (0, 0), (max_columns, max_rows), remaining)
        subtrees.append(subtree)
        stack += reversed(remaining)
    return subtrees


def _place_siblings(
    subtree: Subtree,
    children: ChildrenByParent,
    siblings: Siblings,
    cell: Point,
    limits: Point,
    remaining: list[Siblings],
) -> None:
    """Place siblings below one another with their descendants, and append those without space to `remaining`."""
    parent, nodes = siblings
    (column, row), (max_columns, max_rows) = cell, limits
    for count, node in enumerate(nodes):
        if column >= max_columns or (count and subtree.rows >= max_rows):
            remaining.append((parent, nodes[count:]))
            return
        row = subtree.rows if count else row
        subtree.cells[node] = column, row
        subtree.columns, subtree.rows = max(subtree.columns, column + 1), max(subtree.rows, row + 1)
        if children[node]:
            _place_siblings(subtree, children, (node, children[node]), (column + 1, row), limits, remaining)


def _stack_subtrees(subtrees: Sequence[Subtree], max_rows: int) -> list[list[Subtree]]:
    """Put the subtrees below one another in stacks of at most `max_rows`."""
    stacks: list[list[Subtree]] = [[]]
    row_count = 0
    for subtree in subtrees:
        if stacks[-1] and row_count + subtree.rows > max_rows:
            stacks.append([])
            row_count = 0
        stacks[-1].append(subtree)
        row_count += subtree.rows
    return stacks


def _measure_stacks(stacks: Sequence[Sequence[Subtree]], metrics: Metrics) -> Point:
    width = sum(
        _count_columns(stack) * (metrics.node_width + metrics.branch_width) - _compute_indent(stack, metrics)
        for stack in stacks
    )
    height = max(sum(subtree.rows for subtree in stack) for stack in stacks) * metrics.node_height
    return width + (len(stacks) - 1) * _compute_stack_gap(metrics), height


def _score_stacks(stacks: Sequence[Sequence[Subtree]], metrics: Metrics) -> tuple[bool, float]:
    """Score a layout: whether it is within the size limit, and its legibility."""
    width, height = _measure_stacks(stacks, metrics)
    cuts = sum(subtree.parent is not None for stack in stacks for subtree in stack)
    scale = min(LEGIBLE_SCALE, compute_preview_scale(width, height))
    penalty = _FIRST_CUT_PENALTY * _FURTHER_CUT_PENALTY**cuts if cuts else 1
    return max(width, height) <= metrics.max_side, scale * penalty


def _position_stacks(stacks: Sequence[Sequence[Subtree]], metrics: Metrics) -> Layout:
    """Compute the position of each node, with the stacks beside one another."""
    column_width = metrics.node_width + metrics.branch_width
    positions: dict[int, Point] = {}
    left = 0
    for stack in stacks:
        left += metrics.branch_width - _compute_indent(stack, metrics)
        top_row = 0
        for subtree in stack:
            for index, (column, row) in subtree.cells.items():
                positions[index] = left + column * column_width, (top_row + row) * metrics.node_height
            top_row += subtree.rows
        left += _count_columns(stack) * column_width - metrics.branch_width + _compute_stack_gap(metrics)
    return Layout(positions, tuple(itertools.chain.from_iterable(stacks)), *_measure_stacks(stacks, metrics))


def _count_columns(stack: Sequence[Subtree]) -> int:
    return max(subtree.columns for subtree in stack)


def _compute_indent(stack: Sequence[Subtree], metrics: Metrics) -> int:
    """Return how much narrower a stack of roots is, as no branch leads to its first column."""
    return metrics.branch_width if all(subtree.parent is None for subtree in stack) else 0


def _compute_stack_gap(metrics: Metrics) -> int:
    return metrics.branch_width // 3
