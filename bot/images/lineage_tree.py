"""A family tree of pictures: who made each from which, with which seed, and what was changed on the way."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.images.canvas import BACKGROUND, MUTED_TEXT_COLOUR, TEXT_COLOUR, Canvas, RenderedImage
from bot.images.contact_sheet import compute_frame_size
from bot.images.text import strip_unsupported, wrap_text
from bot.images.thumbnail import THUMBNAIL_SIDE, open_thumbnail
from bot.images.tree_layout import Metrics, Point, Subtree, compute_layout

MAX_NODES: Final = 40
_MAX_CHANGE_LINES: Final = 4
MAX_SIDE_PIXELS: Final = 4096
"""Of the longer side."""


@dataclass(frozen=True)
class Node:
    """A stored thumbnail in the tree, all words as the caller words them.

    `changed` says what differs from its parent, `here` marks it when it is not empty. `word` stands in for a missing
    or broken picture, `plain` for a name that the font cannot show. A `parent` that is not in the tree makes it a root.
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


def draw_lineage_tree(nodes: Sequence[Node], format_omitted: Callable[[int], str] = "+ {}".format) -> RenderedImage:
    """Draw the tree from left to right, each picture numbered by its place in `nodes`, from 1, and at most 4096 pixels.

    A branch that is too long or too wide goes on elsewhere, behind the number of the picture it continues. Of more than
    40 the nearest to the one marked `here` (else to the first) are drawn, and `left_out` words how many are not. It
    decodes, draws and encodes, so it belongs in a thread. Raises ValueError for no nodes, an id used twice, and a
    circle of parents.
    """
    if not nodes or len({node.id for node in nodes}) < len(nodes):
        raise ValueError(
            "this is no tree of pictures: it needs one or more, each with an id of its own; look at the ids"
        )
    chosen = _select_nearest_nodes(nodes)
    tree = _TreeDrawing(chosen, 1)
    if max(tree.width, tree.height) > MAX_SIDE_PIXELS:
        tree = _TreeDrawing(chosen, 2)
    numbers = {node.id: number for number, node in enumerate(nodes, 1)}
    missing = len(nodes) - len(chosen)
    return tree.draw([numbers[node.id] for node in chosen], format_omitted(missing) if missing else "")


class _TreeDrawing:
    """A tree laid out with all measures divided by `part`."""

    def __init__(self, nodes: Sequence[Node], divisor: int) -> None:
        side = THUMBNAIL_SIDE // 2 // divisor
        self._nodes = nodes
        self._thumbnails = [open_thumbnail(node.thumbnail, side) for node in nodes]
        self._frame = compute_frame_size(self._thumbnails, side)
        self._font_size, self._gap, self._branch_width, self._stem_width = (
            28 // divisor,
            32 // divisor,
            236 // divisor,
            30 // divisor,
        )
        places = {node.id: place for place, node in enumerate(nodes)}
        self._parents = [None if node.parent_id is None else places.get(node.parent_id) for node in nodes]
        self._footer_height = 2 * self._font_size
        row = self._frame[1] + round(2.75 * self._font_size) + self._gap
        around = 2 * self._gap + self._footer_height
        self._layout = compute_layout(
            self._parents, Metrics(self._frame[0], row, self._branch_width, MAX_SIDE_PIXELS - around)
        )
        self.width, self.height = self._layout.width + 2 * self._gap, self._layout.height + around

    def draw(self, numbers: Sequence[int], omitted_text: str) -> RenderedImage:
        """Draw it: branches first, pictures over them; without words of what was left out there is no room for them."""
        canvas = Canvas(self.width, self.height if omitted_text else self.height - self._footer_height - self._gap)
        for piece in self._layout.subtrees:
            for place in piece.cells:
                self._draw_branch(canvas, piece, place, numbers)
        broken = [number - 1 for place, number in enumerate(numbers) if not self._draw_node(canvas, place, number)]
        canvas.draw_text(
            (self._gap, self.height - self._gap),
            strip_unsupported(omitted_text),
            self._font_size,
            centred=False,
            colour=MUTED_TEXT_COLOUR,
        )
        return canvas.encode(broken)

    def _get_position(self, index: int) -> Point:
        x, y = self._layout.positions[index]
        return x + self._gap, y + self._gap

    def _draw_branch(self, canvas: Canvas, subtree: Subtree, index: int, numbers: Sequence[int]) -> None:
        """Draw what leads to a picture, from its parent or from the number that stands for it, and what was changed."""
        parent = self._parents[index]
        if parent is None:
            return
        (left, top), middle = self._get_position(index), self._frame[1] // 2
        stem = left - self._branch_width + self._stem_width
        first = subtree.parent == parent
        x, y = (stem, self._get_position(next(iter(subtree.cells)))[1]) if first else self._get_position(parent)
        from_x = stem if first else x + self._frame[0] // 2  # behind the picture
        points = [(from_x, y + middle), (stem, y + middle), (stem, top + middle), (left + middle, top + middle)]
        canvas.draw_polyline(points, max(2, self._font_size // 8))
        small, begin = round(0.8 * self._font_size), stem + self._stem_width
        if first:
            canvas.draw_badge(points[0], str(numbers[parent]), small, centred=True)
        lines = wrap_text(
            strip_unsupported(self._nodes[index].changes),
            small,
            left - begin - self._stem_width // 2,
            _MAX_CHANGE_LINES,
        )
        above = (len(lines) + 1) // 2
        for number, line in enumerate(lines):
            baseline = top + middle + round((1.2 * (number - above) + (0.8 if number < above else 1.2)) * small)
            canvas.draw_text((begin, baseline), line, small, centred=False, colour=MUTED_TEXT_COLOUR)

    def _draw_node(self, canvas: Canvas, index: int, number: int) -> bool:
        """Draw a picture with all its words; tell whether it was laid, if there is one."""
        node, picture, at, text = (
            self._nodes[index],
            self._thumbnails[index],
            self._get_position(index),
            self._font_size,
        )
        (x, y), (width, height) = at, self._frame
        radius, rim = text // 2, max(3, text // 4)
        if node.current_label:
            canvas.fill_rounded_rectangle(
                (x - rim, y - rim), (width + 2 * rim, height + 2 * rim), radius + rim, TEXT_COLOUR
            )
        around = TEXT_COLOUR if node.current_label else BACKGROUND
        laid = canvas.draw_thumbnail(
            at, picture, self._frame, radius, strip_unsupported(node.placeholder), text, around
        )
        canvas.draw_badge((x + radius, y + radius), str(number), round(1.2 * text))
        for here in wrap_text(strip_unsupported(node.current_label), text, width - 3 * text // 2, 1):
            canvas.draw_badge((x + width // 2, y + height - text - rim), here, text, centred=True)
        middle, below = x + width // 2, y + height
        for line in wrap_text(strip_unsupported(node.author, node.fallback_author), text, width, 1):
            canvas.draw_text((middle, below + round(1.4 * text)), line, text)
        for line in wrap_text(strip_unsupported(node.seed_label), round(0.85 * text), width, 1):
            canvas.draw_text((middle, below + round(2.5 * text)), line, round(0.85 * text), colour=MUTED_TEXT_COLOUR)
        return laid or node.thumbnail is None


def _select_nearest_nodes(nodes: Sequence[Node]) -> list[Node]:
    """Choose, in the given order, those that the fewest steps between parent and child lead to from the marked one."""
    by_id = {node.id: node for node in nodes}
    beside: dict[str, list[str]] = {node.id: [] for node in nodes}
    for node in nodes:
        if node.parent_id in beside:
            beside[node.id].append(node.parent_id)
            beside[node.parent_id].append(node.id)
    starts = sorted(nodes, key=lambda node: not node.current_label)
    chosen: dict[str, Node] = {}
    for start in starts:
        waiting = deque([start.id])
        while waiting and len(chosen) < MAX_NODES:
            step = waiting.popleft()
            if step not in chosen:
                chosen[step] = by_id[step]
                waiting.extend(beside[step])
    return [node for node in nodes if node.id in chosen]
