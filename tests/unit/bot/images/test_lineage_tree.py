"""bot.images.lineage_tree: any tree is laid out without overlaps within its bounds, and drawn with all its words."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageChops

from bot.images.canvas import PLACEHOLDER_BACKGROUND
from bot.images.lineage_tree import MAX_NODES, MAX_SIDE_PIXELS, Node, draw_lineage_tree
from bot.images.tree_layout import Layout, Metrics, _split_into_subtrees, compute_layout
from tests.support.images import (
    BACKGROUND,
    BLUE,
    GREEN,
    RED,
    get_grey_range,
    is_near,
    make_solid_thumbnail,
    open_drawing,
)

FULL_SIZE = Metrics(node_width=256, node_height=365, branch_width=236, max_side=3976)
HALF_SIZE = Metrics(node_width=128, node_height=182, branch_width=118, max_side=3976)

GAP, COLUMN, ROW = 32, FULL_SIZE.node_width + FULL_SIZE.branch_width, FULL_SIZE.node_height

CHAIN = [None, *range(29)]
STAR = [None, *[0] * 29]


def find_overlaps(layout: Layout, metrics: Metrics) -> bool:
    return any(
        abs(one[0] - other[0]) < metrics.node_width and abs(one[1] - other[1]) < metrics.node_height
        for one, other in itertools.combinations(layout.positions.values(), 2)
    )


@st.composite
def draw_forests(draw: st.DrawFn) -> list[int | None]:
    """Any forest of up to 40, in any order."""
    count = draw(st.integers(1, MAX_NODES))
    parents = [draw(st.none() | st.integers(0, index - 1)) if index else None for index in range(count)]
    order = draw(st.permutations(range(count)))
    return [None if (parent := parents[order.index(place)]) is None else order[parent] for place in range(count)]


@settings(max_examples=200)
@given(draw_forests(), st.booleans())
def test_no_picture_overlaps_another_and_all_lie_inside_with_room_for_their_branch(
    parents: list[int | None], half: bool
) -> None:
    metrics = HALF_SIZE if half else FULL_SIZE
    layout = compute_layout(parents, metrics)

    assert sorted(layout.positions) == list(range(len(parents)))
    assert not find_overlaps(layout, metrics)
    for place, (x, y) in layout.positions.items():
        assert (0 if parents[place] is None else metrics.branch_width) <= x <= layout.width - metrics.node_width
        assert 0 <= y <= layout.height - metrics.node_height
    if half:
        assert max(layout.width, layout.height) <= metrics.max_side


@settings(max_examples=100)
@given(draw_forests())
def test_a_child_stands_right_of_its_parent_or_goes_on_in_a_piece_that_names_it(parents: list[int | None]) -> None:
    layout = compute_layout(parents, FULL_SIZE)

    assert sorted(itertools.chain(*(piece.cells for piece in layout.subtrees))) == list(range(len(parents)))
    for piece in layout.subtrees:
        for place, (column, row) in piece.cells.items():
            parent = parents[place]
            if parent in piece.cells:
                assert column == piece.cells[parent][0] + 1
                assert row >= piece.cells[parent][1]
                assert (
                    layout.positions[place][0]
                    == layout.positions[parent][0] + FULL_SIZE.node_width + FULL_SIZE.branch_width
                )
            else:
                assert (column, parent) == (0, piece.parent)


@settings(max_examples=100)
@given(draw_forests(), st.integers(2, 8), st.integers(2, 16))
def test_no_piece_is_longer_or_higher_than_it_may(parents: list[int | None], columns: int, rows: int) -> None:
    children: dict[int | None, list[int]] = {place: [] for place in (None, *range(len(parents)))}
    for place, parent in enumerate(parents):
        children[parent].append(place)

    for piece in _split_into_subtrees(children, columns, rows):
        assert piece.columns == max(column for column, _ in piece.cells.values()) + 1 <= columns
        assert piece.rows == max(row for _, row in piece.cells.values()) + 1 <= rows


def test_a_small_tree_is_never_cut() -> None:
    for parents in ([None], [None, 0, 1], [None, 0, 0, 1, 1, 2], [None, 0, 0, 0]):
        assert len(compute_layout(parents, FULL_SIZE).subtrees) == 1


@pytest.mark.parametrize("parents", [CHAIN, STAR])
def test_thirty_in_a_row_or_of_one_parent_are_folded_to_the_shape_of_a_screen(parents: list[int | None]) -> None:
    layout = compute_layout(parents, FULL_SIZE)

    assert len(layout.subtrees) > 2
    assert 0.8 < layout.width / layout.height < 2.2


@pytest.mark.parametrize("parents", [[None, 2, 1], [1, 0], [0]])
def test_its_own_ancestor_is_refused_in_words(parents: list[int | None]) -> None:
    with pytest.raises(ValueError, match="some are their own ancestors"):
        compute_layout(parents, FULL_SIZE)


THUMBNAILS = [make_solid_thumbnail(colour) for colour in (RED, GREEN, BLUE)]


def make_nodes(parents: list[int | None], **first: str) -> list[Node]:
    """Nodes with every word, the first one with those given."""
    nodes = [
        Node(
            f"job{place}",
            None if parent is None else f"job{parent}",
            THUMBNAILS[place % 3],
            f"Person {place}",
            f"seed {place}",
            "keep 35 > 50 %",
        )
        for place, parent in enumerate(parents)
    ]
    one = nodes[0]
    return [Node(**{**one.__dict__, **first}), *nodes[1:]]


@pytest.mark.parametrize("parents", [[None], CHAIN, STAR, [None] * 30, [*CHAIN, *[3] * 10]])
def test_drawings_have_at_most_4096_pixels_a_side_and_few_megabytes(parents: list[int | None]) -> None:
    sheet = draw_lineage_tree(make_nodes(parents))

    assert open_drawing(sheet)
    assert max(sheet.width, sheet.height) <= MAX_SIDE_PIXELS
    assert len(sheet.jpeg) < 3_000_000


def test_each_picture_is_drawn_where_the_layout_says() -> None:
    sheet = open_drawing(draw_lineage_tree(make_nodes([None, 0, 0])))

    assert is_near(sheet.getpixel((GAP + 128, GAP + 128)), RED)
    assert is_near(sheet.getpixel((GAP + COLUMN + 128, GAP + 128)), GREEN)
    assert is_near(sheet.getpixel((GAP + COLUMN + 128, GAP + ROW + 128)), BLUE)
    assert is_near(sheet.getpixel((GAP + 128, GAP + ROW + 128)), BACKGROUND)


def find_changed_box(one: list[Node], other: list[Node]) -> tuple[int, int, int, int]:
    """The box in which two drawings differ visibly."""
    difference = ImageChops.difference(
        open_drawing(draw_lineage_tree(one)), open_drawing(draw_lineage_tree(other))
    ).convert("L")
    box = difference.point(lambda value: 255 if value > 60 else 0).getbbox()
    assert box is not None
    return box


def is_within(inner: tuple[int, int, int, int], outer: tuple[int, int, int, int]) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ({"author": "Somebody"}, (GAP, GAP + 256, GAP + 256, GAP + 304)),
        ({"seed_label": "seed 987654321"}, (GAP, GAP + 304, GAP + 256, GAP + 340)),
        ({"current_label": "here"}, (GAP - 8, GAP - 8, GAP + 264, GAP + 264)),
    ],
)
def test_words_stand_at_their_picture(words: dict[str, str], place: tuple[int, int, int, int]) -> None:
    assert is_within(find_changed_box(make_nodes([None, 0]), make_nodes([None, 0], **words)), place)


def test_what_changed_stands_on_the_branch() -> None:
    nodes = make_nodes([None, 0])
    other = [nodes[0], Node(**{**nodes[1].__dict__, "changes": "another prompt · style"})]

    assert is_within(find_changed_box(nodes, other), (GAP + 256, GAP, GAP + COLUMN, GAP + 256))


def test_the_mark_is_a_frame_and_a_word() -> None:
    marked = open_drawing(draw_lineage_tree(make_nodes([None], current_label="here")))

    assert is_near(marked.getpixel((GAP - 4, GAP + 128)), (242, 243, 245))
    assert is_near(marked.getpixel((GAP + 260, GAP + 128)), (242, 243, 245))
    darkest, lightest = get_grey_range(marked.crop((100, 230, 230, 285)))
    assert darkest < 60
    assert lightest > 220


def test_long_names_and_names_that_the_font_lacks_stay_in_their_place() -> None:
    long = find_changed_box(make_nodes([None, 0]), make_nodes([None, 0], author="Bartholomew Longname " * 9))
    assert is_within(long, (GAP, GAP + 256, GAP + 256, GAP + 304))

    replaced = draw_lineage_tree(make_nodes([None], author="山田太郎", fallback_author="user 1"))
    assert replaced.jpeg == draw_lineage_tree(make_nodes([None], author="user 1")).jpeg


def test_a_missing_picture_is_a_placeholder_with_its_word() -> None:
    gone = Node("a", None, None, "Alice", "seed 1", placeholder="gone")

    assert is_near(open_drawing(draw_lineage_tree([gone])).getpixel((GAP + 20, GAP + 200)), PLACEHOLDER_BACKGROUND)


@pytest.mark.parametrize("broken", [b"no picture", THUMBNAILS[0][:-200]])
def test_a_broken_picture_is_as_a_missing_one_and_named_by_its_place_among_all(broken: bytes) -> None:
    names = [Node(str(place), None, THUMBNAILS[0], "Alice", "seed 1", placeholder="gone") for place in range(50)]
    names[45] = replace(names[45], thumbnail=broken, current_label="here")

    sheet = draw_lineage_tree(names)

    assert (
        sheet.jpeg == draw_lineage_tree([replace(one, thumbnail=None) if one.id == "45" else one for one in names]).jpeg
    )
    assert sheet.unreadable_indexes == (45,)


def test_a_parent_that_is_not_there_makes_a_root() -> None:
    orphans = [Node(name, "lost", THUMBNAILS[0], "A", "seed 1") for name in "ab"]
    roots = [Node(name, None, THUMBNAILS[0], "A", "seed 1") for name in "ab"]

    assert draw_lineage_tree(orphans).jpeg == draw_lineage_tree(roots).jpeg


def test_of_very_many_the_nearest_to_the_marked_one_are_drawn_and_the_rest_is_counted() -> None:
    chain = make_nodes([None, *range(99)])
    chain[70] = Node(
        **{**chain[70].__dict__, "current_label": "here", "thumbnail": make_solid_thumbnail((255, 255, 255))}
    )
    counted: list[int] = []

    def left_out(count: int) -> str:
        counted.append(count)
        return f"and {count} more"

    with_words, without = draw_lineage_tree(chain, left_out), draw_lineage_tree(chain, lambda _: "")

    assert counted == [100 - MAX_NODES]
    assert with_words.height > without.height
    white = open_drawing(with_words).convert("L").point(lambda value: 255 if value > 250 else 0)
    assert white.histogram()[255] > 100 * 100
    assert is_near(open_drawing(with_words).getpixel((with_words.width - 3, with_words.height - 3)), BACKGROUND)


def test_nothing_is_counted_where_all_are_drawn() -> None:
    def never(count: int) -> str:
        raise AssertionError(count)

    draw_lineage_tree(make_nodes(CHAIN), never)


@pytest.mark.parametrize("nodes", [[], [*make_nodes([None]), *make_nodes([None])]])
def test_what_is_no_tree_is_refused_in_words(nodes: list[Node]) -> None:
    with pytest.raises(ValueError, match="this is no tree of pictures"):
        draw_lineage_tree(nodes)


def test_pictures_of_every_shape_stay_in_their_frames() -> None:
    wide, high = make_solid_thumbnail(RED, (2048, 64)), make_solid_thumbnail(GREEN, (64, 2048))
    sheet = open_drawing(
        draw_lineage_tree([Node("a", None, wide, "A", "seed 1"), Node("b", "a", high, "B", "seed 2", "style")])
    )

    assert is_near(sheet.getpixel((GAP + 128, GAP + 128)), RED)
    assert is_near(sheet.getpixel((GAP + COLUMN + 128, GAP + 128)), GREEN)
