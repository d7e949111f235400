"""Lineage trees: any tree is laid out without overlaps within its limits, and drawn with all its texts."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageChops

from bot.images.canvas import PLACEHOLDER_BACKGROUND
from bot.images.lineage_tree import MAX_NODES, MAX_SIDE_PIXELS, Node, draw_lineage_tree
from bot.images.tree_layout import Layout, Metrics, _split_into_subtrees, compute_layout
from tests.support.drawings import BACKGROUND, make_solid_thumbnail, open_drawing
from tests.support.images import BLUE, GREEN, RED, get_grey_range, is_near

FULL_SIZE = Metrics(node_width=256, node_height=365, branch_width=236, max_side=3976)
HALF_SIZE = Metrics(node_width=128, node_height=182, branch_width=118, max_side=3976)

GAP, COLUMN, ROW = 32, FULL_SIZE.node_width + FULL_SIZE.branch_width, FULL_SIZE.node_height

CHAIN = [None, *range(29)]
STAR = [None, *[0] * 29]


def has_overlaps(layout: Layout, metrics: Metrics) -> bool:
    return any(
        abs(a[0] - b[0]) < metrics.node_width and abs(a[1] - b[1]) < metrics.node_height
        for a, b in itertools.combinations(layout.positions.values(), 2)
    )


@st.composite
def draw_forests(draw: st.DrawFn) -> list[int | None]:
    """Draw the parents of up to 40 nodes, in any order."""
    count = draw(st.integers(1, MAX_NODES))
    parents = [draw(st.none() | st.integers(0, index - 1)) if index else None for index in range(count)]
    order = draw(st.permutations(range(count)))
    return [None if (parent := parents[order.index(index)]) is None else order[parent] for index in range(count)]


@settings(max_examples=200)
@given(draw_forests(), st.booleans())
def test_no_node_overlaps_another_and_all_are_inside_with_space_for_their_branch(
    parents: list[int | None], is_half_size: bool
) -> None:
    metrics = HALF_SIZE if is_half_size else FULL_SIZE
    layout = compute_layout(parents, metrics)

    assert sorted(layout.positions) == list(range(len(parents)))
    assert not has_overlaps(layout, metrics)
    for index, (x, y) in layout.positions.items():
        assert (0 if parents[index] is None else metrics.branch_width) <= x <= layout.width - metrics.node_width
        assert 0 <= y <= layout.height - metrics.node_height
    if is_half_size:
        assert max(layout.width, layout.height) <= metrics.max_side


@settings(max_examples=100)
@given(draw_forests())
def test_a_child_is_right_of_its_parent_or_in_a_subtree_that_names_it(parents: list[int | None]) -> None:
    layout = compute_layout(parents, FULL_SIZE)

    assert sorted(itertools.chain(*(subtree.cells for subtree in layout.subtrees))) == list(range(len(parents)))
    for subtree in layout.subtrees:
        for index, (column, row) in subtree.cells.items():
            parent = parents[index]
            if parent in subtree.cells:
                assert column == subtree.cells[parent][0] + 1
                assert row >= subtree.cells[parent][1]
                assert (
                    layout.positions[index][0]
                    == layout.positions[parent][0] + FULL_SIZE.node_width + FULL_SIZE.branch_width
                )
            else:
                assert (column, parent) == (0, subtree.parent)


@settings(max_examples=100)
@given(draw_forests(), st.integers(2, 8), st.integers(2, 16))
def test_no_subtree_exceeds_its_limits(parents: list[int | None], columns: int, rows: int) -> None:
    children: dict[int | None, list[int]] = {index: [] for index in (None, *range(len(parents)))}
    for index, parent in enumerate(parents):
        children[parent].append(index)

    for subtree in _split_into_subtrees(children, columns, rows):
        assert subtree.columns == max(column for column, _ in subtree.cells.values()) + 1 <= columns
        assert subtree.rows == max(row for _, row in subtree.cells.values()) + 1 <= rows


def test_a_small_tree_is_never_split() -> None:
    for parents in ([None], [None, 0, 1], [None, 0, 0, 1, 1, 2], [None, 0, 0, 0]):
        assert len(compute_layout(parents, FULL_SIZE).subtrees) == 1


@pytest.mark.parametrize("parents", [CHAIN, STAR])
def test_thirty_nodes_in_a_row_or_of_one_parent_are_folded_to_the_aspect_ratio_of_a_screen(
    parents: list[int | None],
) -> None:
    layout = compute_layout(parents, FULL_SIZE)

    assert len(layout.subtrees) > 2
    assert 0.8 < layout.width / layout.height < 2.2


@pytest.mark.parametrize("parents", [[None, 2, 1], [1, 0], [0]])
def test_a_node_that_is_its_own_ancestor_is_rejected(parents: list[int | None]) -> None:
    with pytest.raises(ValueError, match="some are their own ancestors"):
        compute_layout(parents, FULL_SIZE)


THUMBNAILS = [make_solid_thumbnail(colour) for colour in (RED, GREEN, BLUE)]


def make_nodes(parents: list[int | None], **first_node: str) -> list[Node]:
    """Make nodes with all texts; the first one with these changes."""
    nodes = [
        Node(
            f"job{index}",
            None if parent is None else f"job{parent}",
            THUMBNAILS[index % 3],
            f"Person {index}",
            f"seed {index}",
            "keep 35 > 50 %",
        )
        for index, parent in enumerate(parents)
    ]
    return [Node(**{**nodes[0].__dict__, **first_node}), *nodes[1:]]


@pytest.mark.parametrize("parents", [[None], CHAIN, STAR, [None] * 30, [*CHAIN, *[3] * 10]])
def test_a_drawing_has_at_most_4096_pixels_a_side_and_few_megabytes(parents: list[int | None]) -> None:
    drawing = draw_lineage_tree(make_nodes(parents))

    assert open_drawing(drawing)
    assert max(drawing.width, drawing.height) <= MAX_SIDE_PIXELS
    assert len(drawing.jpeg) < 3_000_000


def test_each_thumbnail_is_drawn_at_the_position_of_the_layout() -> None:
    drawing = open_drawing(draw_lineage_tree(make_nodes([None, 0, 0])))

    assert is_near(drawing.getpixel((GAP + 128, GAP + 128)), RED)
    assert is_near(drawing.getpixel((GAP + COLUMN + 128, GAP + 128)), GREEN)
    assert is_near(drawing.getpixel((GAP + COLUMN + 128, GAP + ROW + 128)), BLUE)
    assert is_near(drawing.getpixel((GAP + 128, GAP + ROW + 128)), BACKGROUND)


def find_changed_box(before: list[Node], after: list[Node]) -> tuple[int, int, int, int]:
    """Find the box in which two drawings differ visibly."""
    difference = ImageChops.difference(
        open_drawing(draw_lineage_tree(before)), open_drawing(draw_lineage_tree(after))
    ).convert("L")
    box = difference.point(lambda value: 255 if value > 60 else 0).getbbox()
    assert box is not None
    return box


def is_within(inner: tuple[int, int, int, int], outer: tuple[int, int, int, int]) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


@pytest.mark.parametrize(
    ("texts", "box"),
    [
        ({"author": "Somebody"}, (GAP, GAP + 256, GAP + 256, GAP + 304)),
        ({"seed_label": "seed 987654321"}, (GAP, GAP + 304, GAP + 256, GAP + 340)),
        ({"current_label": "here"}, (GAP - 8, GAP - 8, GAP + 264, GAP + 264)),
    ],
)
def test_texts_are_drawn_at_their_node(texts: dict[str, str], box: tuple[int, int, int, int]) -> None:
    assert is_within(find_changed_box(make_nodes([None, 0]), make_nodes([None, 0], **texts)), box)


def test_changed_settings_are_drawn_on_the_branch() -> None:
    nodes = make_nodes([None, 0])
    changed = [nodes[0], Node(**{**nodes[1].__dict__, "changes": "another prompt · style"})]

    above_the_line = (GAP + 256, GAP, GAP + COLUMN, GAP + 128)
    assert is_within(find_changed_box(nodes, changed), above_the_line)


def test_a_tree_too_large_for_texts_in_a_narrow_thread_has_numbers_that_are_legible_there() -> None:
    nodes = make_nodes([None, 0, 0, 0, 1, 1, 2, 4, 4, 7, 8, 8])
    without_texts = [replace(node, author="", seed_label="", changes="") for node in nodes]

    drawing = draw_lineage_tree(nodes)

    assert drawing.jpeg == draw_lineage_tree(without_texts).jpeg
    scale = min(340 / drawing.width, 350 / drawing.height)
    assert 64 * scale >= 11, "the height of the numbers in pixels"


def test_the_current_node_has_a_frame_and_a_label() -> None:
    marked = open_drawing(draw_lineage_tree(make_nodes([None], current_label="here")))

    assert is_near(marked.getpixel((GAP - 4, GAP + 128)), (242, 243, 245))
    assert is_near(marked.getpixel((GAP + 260, GAP + 128)), (242, 243, 245))
    darkest, lightest = get_grey_range(marked.crop((100, 230, 230, 285)))
    assert darkest < 60
    assert lightest > 220


def test_long_names_and_names_that_the_font_lacks_stay_in_their_box() -> None:
    box = find_changed_box(make_nodes([None, 0]), make_nodes([None, 0], author="Bartholomew Longname " * 9))
    assert is_within(box, (GAP, GAP + 256, GAP + 256, GAP + 304))

    replaced = draw_lineage_tree(make_nodes([None], author="山田太郎", fallback_author="user 1"))
    assert replaced.jpeg == draw_lineage_tree(make_nodes([None], author="user 1")).jpeg


def test_a_missing_thumbnail_has_a_placeholder() -> None:
    gone = Node("a", None, None, "Alice", "seed 1", placeholder="gone")

    assert is_near(open_drawing(draw_lineage_tree([gone])).getpixel((GAP + 20, GAP + 200)), PLACEHOLDER_BACKGROUND)


@pytest.mark.parametrize("broken", [b"no picture", THUMBNAILS[0][:-200]])
def test_a_broken_thumbnail_is_drawn_like_a_missing_one_and_reported_by_its_index(broken: bytes) -> None:
    nodes = [Node(str(index), None, THUMBNAILS[0], "Alice", "seed 1", placeholder="gone") for index in range(50)]
    nodes[45] = replace(nodes[45], thumbnail=broken, current_label="here")
    without = [replace(node, thumbnail=None) if node.id == "45" else node for node in nodes]

    drawing = draw_lineage_tree(nodes)

    assert drawing.jpeg == draw_lineage_tree(without).jpeg
    assert drawing.unreadable_indexes == (45,)


def test_a_node_whose_parent_is_missing_is_a_root() -> None:
    orphans = [Node(name, "lost", THUMBNAILS[0], "A", "seed 1") for name in "ab"]
    roots = [Node(name, None, THUMBNAILS[0], "A", "seed 1") for name in "ab"]

    assert draw_lineage_tree(orphans).jpeg == draw_lineage_tree(roots).jpeg


def test_of_too_many_nodes_those_nearest_to_the_current_one_are_drawn_and_the_others_counted() -> None:
    chain = make_nodes([None, *range(99)])
    chain[70] = Node(
        **{**chain[70].__dict__, "current_label": "here", "thumbnail": make_solid_thumbnail((255, 255, 255))}
    )
    omitted_counts: list[int] = []

    def format_omitted(count: int) -> str:
        omitted_counts.append(count)
        return f"and {count} more"

    drawing, without_footer = draw_lineage_tree(chain, format_omitted), draw_lineage_tree(chain, lambda _: "")

    assert omitted_counts == [100 - MAX_NODES]
    assert drawing.height > without_footer.height
    white = open_drawing(drawing).convert("L").point(lambda value: 255 if value > 250 else 0)
    assert white.histogram()[255] > 100 * 100
    assert is_near(open_drawing(drawing).getpixel((drawing.width - 3, drawing.height - 3)), BACKGROUND)


def test_no_omitted_nodes_are_counted_if_all_are_drawn() -> None:
    def fail(count: int) -> str:
        raise AssertionError(count)

    draw_lineage_tree(make_nodes(CHAIN), fail)


@pytest.mark.parametrize("nodes", [[], [*make_nodes([None]), *make_nodes([None])]])
def test_no_nodes_and_duplicate_ids_are_rejected(nodes: list[Node]) -> None:
    with pytest.raises(ValueError, match="needs one or more nodes, each with an id of its own"):
        draw_lineage_tree(nodes)


def test_thumbnails_of_every_aspect_ratio_stay_in_their_frames() -> None:
    wide, high = make_solid_thumbnail(RED, (2048, 64)), make_solid_thumbnail(GREEN, (64, 2048))
    drawing = open_drawing(
        draw_lineage_tree([Node("a", None, wide, "A", "seed 1"), Node("b", "a", high, "B", "seed 2", "style")])
    )

    assert is_near(drawing.getpixel((GAP + 128, GAP + 128)), RED)
    assert is_near(drawing.getpixel((GAP + COLUMN + 128, GAP + 128)), GREEN)


def test_a_badge_replaces_the_number_of_a_node() -> None:
    nodes = [Node("a", None, THUMBNAILS[0], "A", "seed 1"), Node("b", "a", THUMBNAILS[0], "B", "seed 2")]
    marked = [replace(node, badge=badge) for node, badge in zip(nodes, ("1", "2.7"), strict=True)]

    assert draw_lineage_tree(marked).jpeg != draw_lineage_tree(nodes).jpeg
    assert draw_lineage_tree([marked[0], nodes[1]]).jpeg == draw_lineage_tree(nodes).jpeg
