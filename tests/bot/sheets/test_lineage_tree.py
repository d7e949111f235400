"""bot.sheets.lineage_tree: any tree is laid out without overlaps within its bounds, and drawn with all its words."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageChops

from bot.sheets import MOST_NODES, Node, lineage_tree
from bot.sheets.branches import Layout, Metrics, _pieces, lay_out
from bot.sheets.drawing import PANEL
from bot.sheets.lineage import MOST_PIXELS
from tests.bot.sheets.painted import BLUE, GREEN, GROUND, RED, extremes, near, plain, seen

FULL = Metrics(width=256, height=365, branch=236, most=3976)
HALF = Metrics(width=128, height=182, branch=118, most=3976)

GAP, COLUMN, ROW = 32, FULL.width + FULL.branch, FULL.height

CHAIN = [None, *range(29)]
STAR = [None, *[0] * 29]


def overlapping(layout: Layout, metrics: Metrics) -> bool:
    return any(
        abs(one[0] - other[0]) < metrics.width and abs(one[1] - other[1]) < metrics.height
        for one, other in itertools.combinations(layout.at.values(), 2)
    )


@st.composite
def forests(draw: st.DrawFn) -> list[int | None]:
    """Any forest of up to 40, in any order."""
    count = draw(st.integers(1, MOST_NODES))
    parents = [draw(st.none() | st.integers(0, index - 1)) if index else None for index in range(count)]
    order = draw(st.permutations(range(count)))
    return [None if (parent := parents[order.index(place)]) is None else order[parent] for place in range(count)]


@settings(max_examples=200)
@given(forests(), st.booleans())
def test_no_picture_overlaps_another_and_all_lie_inside_with_room_for_their_branch(
    parents: list[int | None], half: bool
) -> None:
    metrics = HALF if half else FULL
    layout = lay_out(parents, metrics)

    assert sorted(layout.at) == list(range(len(parents)))
    assert not overlapping(layout, metrics)
    for place, (x, y) in layout.at.items():
        assert (0 if parents[place] is None else metrics.branch) <= x <= layout.width - metrics.width
        assert 0 <= y <= layout.height - metrics.height
    if half:
        assert max(layout.width, layout.height) <= metrics.most


@settings(max_examples=100)
@given(forests())
def test_a_child_stands_right_of_its_parent_or_goes_on_in_a_piece_that_names_it(parents: list[int | None]) -> None:
    layout = lay_out(parents, FULL)

    assert sorted(itertools.chain(*(piece.at for piece in layout.pieces))) == list(range(len(parents)))
    for piece in layout.pieces:
        for place, (column, row) in piece.at.items():
            parent = parents[place]
            if parent in piece.at:
                assert column == piece.at[parent][0] + 1
                assert row >= piece.at[parent][1]
                assert layout.at[place][0] == layout.at[parent][0] + FULL.width + FULL.branch
            else:
                assert (column, parent) == (0, piece.parent)


@settings(max_examples=100)
@given(forests(), st.integers(2, 8), st.integers(2, 16))
def test_no_piece_is_longer_or_higher_than_it_may(parents: list[int | None], columns: int, rows: int) -> None:
    children: dict[int | None, list[int]] = {place: [] for place in (None, *range(len(parents)))}
    for place, parent in enumerate(parents):
        children[parent].append(place)

    for piece in _pieces(children, columns, rows):
        assert piece.columns == max(column for column, _ in piece.at.values()) + 1 <= columns
        assert piece.rows == max(row for _, row in piece.at.values()) + 1 <= rows


def test_a_small_tree_is_never_cut() -> None:
    for parents in ([None], [None, 0, 1], [None, 0, 0, 1, 1, 2], [None, 0, 0, 0]):
        assert len(lay_out(parents, FULL).pieces) == 1


@pytest.mark.parametrize("parents", [CHAIN, STAR])
def test_thirty_in_a_row_or_of_one_parent_are_folded_to_the_shape_of_a_screen(parents: list[int | None]) -> None:
    layout = lay_out(parents, FULL)

    assert len(layout.pieces) > 2
    assert 0.8 < layout.width / layout.height < 2.2


@pytest.mark.parametrize("parents", [[None, 2, 1], [1, 0], [0]])
def test_its_own_ancestor_is_refused_in_words(parents: list[int | None]) -> None:
    with pytest.raises(ValueError, match="some are their own ancestors"):
        lay_out(parents, FULL)


THUMBNAILS = [plain(colour) for colour in (RED, GREEN, BLUE)]


def tree(parents: list[int | None], **first: str) -> list[Node]:
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
    sheet = lineage_tree(tree(parents))

    assert seen(sheet)
    assert max(sheet.width, sheet.height) <= MOST_PIXELS
    assert len(sheet.jpeg) < 3_000_000


def test_each_picture_is_drawn_where_the_layout_says() -> None:
    sheet = seen(lineage_tree(tree([None, 0, 0])))

    assert near(sheet.getpixel((GAP + 128, GAP + 128)), RED)
    assert near(sheet.getpixel((GAP + COLUMN + 128, GAP + 128)), GREEN)
    assert near(sheet.getpixel((GAP + COLUMN + 128, GAP + ROW + 128)), BLUE)
    assert near(sheet.getpixel((GAP + 128, GAP + ROW + 128)), GROUND)


def changed(one: list[Node], other: list[Node]) -> tuple[int, int, int, int]:
    """The box in which two drawings differ visibly."""
    difference = ImageChops.difference(seen(lineage_tree(one)), seen(lineage_tree(other))).convert("L")
    box = difference.point(lambda value: 255 if value > 60 else 0).getbbox()
    assert box is not None
    return box


def within(inner: tuple[int, int, int, int], outer: tuple[int, int, int, int]) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ({"who": "Somebody"}, (GAP, GAP + 256, GAP + 256, GAP + 304)),
        ({"seed": "seed 987654321"}, (GAP, GAP + 304, GAP + 256, GAP + 340)),
        ({"here": "here"}, (GAP - 8, GAP - 8, GAP + 264, GAP + 264)),
    ],
)
def test_words_stand_at_their_picture(words: dict[str, str], place: tuple[int, int, int, int]) -> None:
    assert within(changed(tree([None, 0]), tree([None, 0], **words)), place)


def test_what_changed_stands_on_the_branch() -> None:
    nodes = tree([None, 0])
    other = [nodes[0], Node(**{**nodes[1].__dict__, "changed": "another prompt · style"})]

    assert within(changed(nodes, other), (GAP + 256, GAP, GAP + COLUMN, GAP + 256))


def test_the_mark_is_a_frame_and_a_word() -> None:
    marked = seen(lineage_tree(tree([None], here="here")))

    assert near(marked.getpixel((GAP - 4, GAP + 128)), (242, 243, 245))
    assert near(marked.getpixel((GAP + 260, GAP + 128)), (242, 243, 245))
    darkest, lightest = extremes(marked.crop((100, 230, 230, 285)))
    assert darkest < 60
    assert lightest > 220


def test_long_names_and_names_that_the_font_lacks_stay_in_their_place() -> None:
    long = changed(tree([None, 0]), tree([None, 0], who="Bartholomew Longname " * 9))
    assert within(long, (GAP, GAP + 256, GAP + 256, GAP + 304))

    replaced = lineage_tree(tree([None], who="山田太郎", plain="user 1"))
    assert replaced.jpeg == lineage_tree(tree([None], who="user 1")).jpeg


def test_a_missing_picture_is_a_placeholder_with_its_word() -> None:
    gone = Node("a", None, None, "Alice", "seed 1", word="gone")

    assert near(seen(lineage_tree([gone])).getpixel((GAP + 20, GAP + 200)), PANEL)


@pytest.mark.parametrize("broken", [b"no picture", THUMBNAILS[0][:-200]])
def test_a_broken_picture_is_as_a_missing_one_and_named_by_its_place_among_all(broken: bytes) -> None:
    names = [Node(str(place), None, THUMBNAILS[0], "Alice", "seed 1", word="gone") for place in range(50)]
    names[45] = replace(names[45], picture=broken, here="here")

    sheet = lineage_tree(names)

    assert sheet.jpeg == lineage_tree([replace(one, picture=None) if one.id == "45" else one for one in names]).jpeg
    assert sheet.broken == (45,)


def test_a_parent_that_is_not_there_makes_a_root() -> None:
    orphans = [Node(name, "lost", THUMBNAILS[0], "A", "seed 1") for name in "ab"]
    roots = [Node(name, None, THUMBNAILS[0], "A", "seed 1") for name in "ab"]

    assert lineage_tree(orphans).jpeg == lineage_tree(roots).jpeg


def test_of_very_many_the_nearest_to_the_marked_one_are_drawn_and_the_rest_is_counted() -> None:
    chain = tree([None, *range(99)])
    chain[70] = Node(**{**chain[70].__dict__, "here": "here", "picture": plain((255, 255, 255))})
    counted: list[int] = []

    def left_out(count: int) -> str:
        counted.append(count)
        return f"and {count} more"

    with_words, without = lineage_tree(chain, left_out), lineage_tree(chain, lambda _: "")

    assert counted == [100 - MOST_NODES]
    assert with_words.height > without.height
    white = seen(with_words).convert("L").point(lambda value: 255 if value > 250 else 0)
    assert white.histogram()[255] > 100 * 100
    assert near(seen(with_words).getpixel((with_words.width - 3, with_words.height - 3)), GROUND)


def test_nothing_is_counted_where_all_are_drawn() -> None:
    def never(count: int) -> str:
        raise AssertionError(count)

    lineage_tree(tree(CHAIN), never)


@pytest.mark.parametrize("nodes", [[], [*tree([None]), *tree([None])]])
def test_what_is_no_tree_is_refused_in_words(nodes: list[Node]) -> None:
    with pytest.raises(ValueError, match="this is no tree of pictures"):
        lineage_tree(nodes)


def test_pictures_of_every_shape_stay_in_their_frames() -> None:
    wide, high = plain(RED, (2048, 64)), plain(GREEN, (64, 2048))
    sheet = seen(lineage_tree([Node("a", None, wide, "A", "seed 1"), Node("b", "a", high, "B", "seed 2", "style")]))

    assert near(sheet.getpixel((GAP + 128, GAP + 128)), RED)
    assert near(sheet.getpixel((GAP + COLUMN + 128, GAP + 128)), GREEN)
