"""Masks in words, in both languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.mask_shapes import DEFAULT_FEATHER, MAX_SHAPES, MaskShapes, Shape, ShapeKind, parse_mask_shapes
from shared.problems import RejectedError

BOX, ELLIPSE = ShapeKind.BOX, ShapeKind.ELLIPSE


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("top third", (0, 0, 1, 1 / 3)),
        ("le tiers supérieur", (0, 0, 1, 1 / 3)),
        ("left half", (0, 0, 1 / 2, 1)),
        ("Left", (0, 0, 1 / 2, 1)),
        ("la moitié gauche", (0, 0, 1 / 2, 1)),
        ("right quarter", (3 / 4, 0, 1, 1)),
        ("bottom", (0, 1 / 2, 1, 1)),
        ("centre", (1 / 4, 1 / 4, 3 / 4, 3 / 4)),
        ("the middle third", (1 / 3, 1 / 3, 2 / 3, 2 / 3)),
        ("top left corner", (0, 0, 1 / 2, 1 / 2)),
        ("bottom-right quarter", (1 / 2, 1 / 2, 1, 1)),
        ("coin en haut à droite", (1 / 2, 0, 1, 1 / 2)),
        ("top left third", (0, 0, 1 / 3, 1 / 3)),
        ("middle left", (0, 1 / 3, 1 / 3, 2 / 3)),
        ("en bas au milieu", (1 / 3, 2 / 3, 2 / 3, 1)),
        ("box 10% 20% 50% 60%", (0.1, 0.2, 0.5, 0.6)),
        ("10 20 50 60", (0.1, 0.2, 0.5, 0.6)),
        ("cadre 10,5 % 20 % 50 % 60 %", (0.105, 0.2, 0.5, 0.6)),
        ("box(10%, 20%, 50%, 60%)", (0.1, 0.2, 0.5, 0.6)),
        ("everything", (0, 0, 1, 1)),
    ],
)
def test_a_shape_is_read(text: str, box: tuple[float, ...]) -> None:
    mask = parse_mask_shapes(text)

    (shape,) = mask.shapes
    assert (shape.left, shape.top, shape.right, shape.bottom) == pytest.approx(box)
    assert not mask.is_inverted


def test_shapes_are_joined_inverted_and_feathered() -> None:
    mask = parse_mask_shapes("ellipse 10% 20% 50% 60%; right third and top quarter, invert, feather 5%")

    assert [shape.kind for shape in mask.shapes] == [ELLIPSE, BOX, BOX]
    assert (mask.is_inverted, mask.feather) == (True, 5)
    assert parse_mask_shapes("inverser le centre + adoucir 3").feather == 3
    assert parse_mask_shapes("invert centre, feather").feather == DEFAULT_FEATHER
    assert parse_mask_shapes("box 0 0 50 50 feather 4") == MaskShapes((Shape(BOX, 0, 0, 0.5, 0.5),), feather=4)
    assert parse_mask_shapes("oval").shapes == (Shape(ELLIPSE, 0.25, 0.25, 0.75, 0.75),)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "mask_words_unknown"),
        ("the boat", "mask_words_unknown"),
        ("top bottom", "mask_words_unknown"),
        ("invert", "mask_words_unknown"),
        ("half", "mask_words_unknown"),
        ("top 10 20 30 40", "mask_words_unknown"),
        ("box", "mask_numbers"),
        ("box 10 20 30", "mask_numbers"),
        ("box 50 20 10 60", "mask_out_of_range"),
        ("box 10 20 50 160", "mask_out_of_range"),
        ("centre, feather 50", "mask_feather"),
        (", ".join(["centre"] * (MAX_SHAPES + 1)), "mask_too_many_shapes"),
    ],
)
def test_words_that_name_no_region_are_refused(text: str, code: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        parse_mask_shapes(text)
    assert [problem.code for problem in rejected.value.problems] == [code]


@given(st.text(alphabet="abcdefghiklmnoprstuvx 0123456789%,;+-éœ’()", max_size=80) | st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        mask = parse_mask_shapes(text)
    except RejectedError:
        return
    for shape in mask.shapes:
        assert 0 <= shape.left < shape.right <= 1
        assert 0 <= shape.top < shape.bottom <= 1
