"""Lineage trees: who generated each image from which, with which seed, and the settings that changed.

In a preview that would be too small for these texts, a tree has large numbers instead, which the message explains.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.images.canvas import BACKGROUND, MUTED_TEXT_COLOUR, TEXT_COLOUR, Canvas, RenderedImage
from bot.images.contact_sheet import compute_frame_size
from bot.images.text import strip_unsupported, wrap_text
from bot.images.thumbnail import THUMBNAIL_SIDE, open_thumbnail
from bot.images.tree_layout import LEGIBLE_SCALE, Metrics, Point, Subtree, compute_layout, compute_preview_scale

MAX_NODES: Final = 40
_MAX_CHANGE_LINES: Final = 4
MAX_SIDE_PIXELS: Final = 4096
"""The longer side of a drawing."""


@dataclass(frozen=True)
class Node:
    """A stored thumbnail in the tree, and its texts.

    `changes` describes how its settings differ from its parent's. A node with a `current_label` is marked as the
    current one. `placeholder` is the label in place of a missing or broken thumbnail, `fallback_author` replaces a name
    that the font cannot show, `badge` the number of the node. A node whose parent is not in the tree is a root.
    """

    id: str
    parent_id: str | None
    thumbnail: bytes | None
    author: str
    seed_label: str
    changes: str = ""
    current_label: str = ""
    placeholder: str = ""
    fallback_author: str = ""
    badge: str = ""


def draw_lineage_tree(nodes: Sequence[Node], format_omitted: Callable[[int], str] = "+ {}".format) -> RenderedImage:
    """Draw the tree from left to right, at most 4096 pixels a side. Nodes are numbered from 1 in the order given.

    A branch that is too long or too wide is continued elsewhere, after the number of the node it continues. Of more
    than 40 nodes, those nearest to the current one (or else the first) are drawn, and `format_omitted` formats the
    number of the others. It decodes, draws and encodes, so it belongs in a thread. Raises `ValueError` for no nodes, a
    duplicate id, and nodes that are their own ancestors.
    """
    if not nodes or len({node.id for node in nodes}) < len(nodes):
        raise ValueError("a lineage tree needs one or more nodes, each with an id of its own")
    selected = _select_nearest_nodes(nodes)
    tree = _TreeDrawing(selected, 1)
    if compute_preview_scale(tree.width, tree.height) < LEGIBLE_SCALE:
        tree = _TreeDrawing(selected, 1, has_texts=False)
    if max(tree.width, tree.height) > MAX_SIDE_PIXELS:
        tree = _TreeDrawing(selected, 2, has_texts=False)
    numbers = {node.id: number for number, node in enumerate(nodes, 1)}
    omitted_count = len(nodes) - len(selected)
    omitted_text = format_omitted(omitted_count) if omitted_count else ""
    return tree.draw([numbers[node.id] for node in selected], omitted_text)


class _TreeDrawing:
    """A tree with its layout computed. All lengths are divided by `divisor`."""

    def __init__(self, nodes: Sequence[Node], divisor: int, *, has_texts: bool = True) -> None:
        side = THUMBNAIL_SIDE // 2 // divisor
        self._nodes = nodes
        self._thumbnails = [open_thumbnail(node.thumbnail, side) for node in nodes]
        self._frame = compute_frame_size(self._thumbnails, side)
        self._font_size = 28 // divisor
        self._has_texts = has_texts
        self._number_size = (34 if has_texts else 64) // divisor
        self._gap = 32 // divisor
        self._branch_width = (236 if has_texts else 90) // divisor
        self._stem_width = 30 // divisor
        indexes = {node.id: index for index, node in enumerate(nodes)}
        self._parents = [None if node.parent_id is None else indexes.get(node.parent_id) for node in nodes]
        self._footer_height = 2 * self._font_size
        text_height = round(2.75 * self._font_size) if has_texts else 0
        row_height = self._frame[1] + text_height + self._gap
        margins = 2 * self._gap + self._footer_height
        self._layout = compute_layout(
            self._parents, Metrics(self._frame[0], row_height, self._branch_width, MAX_SIDE_PIXELS - margins)
        )
        self.width, self.height = self._layout.width + 2 * self._gap, self._layout.height + margins

    def draw(self, numbers: Sequence[int], omitted_text: str) -> RenderedImage:
        """Draw the tree: branches first, then nodes. Without an `omitted_text` there is no footer."""
        canvas = Canvas(self.width, self.height if omitted_text else self.height - self._footer_height - self._gap)
        for subtree in self._layout.subtrees:
            for index in subtree.cells:
                self._draw_branch(canvas, subtree, index, numbers)
        unreadable_indexes = [
            number - 1 for index, number in enumerate(numbers) if not self._draw_node(canvas, index, number)
        ]
        footer = strip_unsupported(omitted_text)
        position = self._gap, self.height - self._gap
        canvas.draw_text(position, footer, self._font_size, centred=False, colour=MUTED_TEXT_COLOUR)
        return canvas.encode(unreadable_indexes, shows_results=True)

    def _get_position(self, index: int) -> Point:
        x, y = self._layout.positions[index]
        return x + self._gap, y + self._gap

    def _draw_branch(self, canvas: Canvas, subtree: Subtree, index: int, numbers: Sequence[int]) -> None:
        """Draw the branch from the parent, or from its number at the start of a subtree, with the changed settings."""
        parent = self._parents[index]
        if parent is None:
            return
        (left, top), middle = self._get_position(index), self._frame[1] // 2
        stem = left - self._branch_width + self._stem_width
        is_continuation = subtree.parent == parent
        if is_continuation:
            start_x, y = stem, self._get_position(next(iter(subtree.cells)))[1]
        else:
            x, y = self._get_position(parent)
            start_x = x + self._frame[0] // 2  # under the thumbnail
        points = [(start_x, y + middle), (stem, y + middle), (stem, top + middle), (left + middle, top + middle)]
        canvas.draw_polyline(points, max(2, self._font_size // 8))
        if is_continuation:
            badge = self._nodes[parent].badge or str(numbers[parent])
            canvas.draw_badge(points[0], badge, round(0.7 * self._number_size), centred=True)
        if not self._has_texts:
            return
        font_size, text_left = round(0.8 * self._font_size), stem + self._stem_width
        text_width = left - text_left - self._stem_width // 2
        lines = wrap_text(strip_unsupported(self._nodes[index].changes), font_size, text_width, _MAX_CHANGE_LINES)
        for lines_below, line in enumerate(reversed(lines)):  # all above the line, which crosses none of them
            baseline = text_left, top + middle - round((0.6 + 1.2 * lines_below) * font_size)
            canvas.draw_text(baseline, line, font_size, centred=False, colour=MUTED_TEXT_COLOUR)

    def _draw_node(self, canvas: Canvas, index: int, number: int) -> bool:
        """Draw a node with its texts; return whether its thumbnail was drawn, if there is one."""
        node, font_size = self._nodes[index], self._font_size
        (x, y), (width, height) = self._get_position(index), self._frame
        radius, rim = font_size // 2, max(3, font_size // (4 if self._has_texts else 2))
        if node.current_label:
            canvas.fill_rounded_rectangle(
                (x - rim, y - rim), (width + 2 * rim, height + 2 * rim), radius + rim, TEXT_COLOUR
            )
        is_drawn = canvas.draw_thumbnail(
            (x, y),
            self._thumbnails[index],
            self._frame,
            radius,
            strip_unsupported(node.placeholder),
            font_size,
            TEXT_COLOUR if node.current_label else BACKGROUND,
        )
        canvas.draw_badge((x + radius, y + radius), node.badge or str(number), self._number_size)
        if not self._has_texts:
            return is_drawn or node.thumbnail is None
        middle, bottom = x + width // 2, y + height
        for label in wrap_text(strip_unsupported(node.current_label), font_size, width - 3 * font_size // 2, 1):
            canvas.draw_badge((middle, bottom - font_size - rim), label, font_size, centred=True)
        for line in wrap_text(strip_unsupported(node.author, node.fallback_author), font_size, width, 1):
            canvas.draw_text((middle, bottom + round(1.4 * font_size)), line, font_size)
        seed_font_size = round(0.85 * font_size)
        for line in wrap_text(strip_unsupported(node.seed_label), seed_font_size, width, 1):
            baseline = middle, bottom + round(2.5 * font_size)
            canvas.draw_text(baseline, line, seed_font_size, colour=MUTED_TEXT_COLOUR)
        return is_drawn or node.thumbnail is None


def _select_nearest_nodes(nodes: Sequence[Node]) -> list[Node]:
    """Select the nodes that are the fewest steps away from the current one, in the order given."""
    neighbours: dict[str, list[str]] = {node.id: [] for node in nodes}
    for node in nodes:
        if node.parent_id in neighbours:
            neighbours[node.id].append(node.parent_id)
            neighbours[node.parent_id].append(node.id)
    selected: set[str] = set()
    for start in sorted(nodes, key=lambda node: not node.current_label):
        queue = deque([start.id])
        while queue and len(selected) < MAX_NODES:
            node_id = queue.popleft()
            if node_id not in selected:
                selected.add(node_id)
                queue.extend(neighbours[node_id])
    return [node for node in nodes if node.id in selected]
