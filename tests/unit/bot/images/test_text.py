"""bot.images.text: nothing that the font lacks is drawn as a box, and no line is longer than its room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.images.canvas import BACKGROUND, TEXT_COLOUR, Canvas
from bot.images.text import measure_width, rasterize_word, split_words, strip_unsupported, wrap_text
from bot.images.thumbnail import encode_jpeg

MISSING_GLYPH = rasterize_word("\uffff", 24)[0].tobytes()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("seed 1234 · keep 35 %", "seed 1234 · keep 35 %"),
        ("graine 5 · échoué, l’œuvre", "graine 5 · échoué, l’œuvre"),
        ("e\u0301choue\u0301", "échoué"),
        ("keep 35 → 50 %", "keep 35 > 50 %"),
        ("🦊 Alice 🦊", "Alice"),
        ("a\nb\t c", "a b c"),
        ("z̸̢͝a̷lgo", "zalgo"),
        ("Łukasz Żółw", "Łukasz Żółw"),
        ("Nguyễn Thị Ấm", "Nguyễn Thị Ấm"),
        ("Ελληνίδα", "Ελληνίδα"),
        ("Привет, Ёжик", "Привет, Ёжик"),
        ("𝓐𝓵𝓲𝓬𝓮 ＡＢ ①", "Alice AB 1"),
        ("नमस्ते", "user 3"),
        ("山田太郎", "user 3"),
        ("مرحبا بالعالم", "user 3"),
        ("שלום", "user 3"),
        ("\u202eevil\u202c", "evil"),
        ("in\u00advis\u200bible", "invisible"),
        ("👍👍👍", "user 3"),
        ("A山田太郎", "user 3"),
        ("", "user 3"),
    ],
)
def test_what_the_font_lacks_is_left_out_or_replaced(text: str, kept: str) -> None:
    assert strip_unsupported(text, "user 3") == kept


@given(st.text(max_size=400), st.text(max_size=20))
def test_no_letter_is_ever_drawn_as_the_box_of_a_missing_one(text: str, plain: str) -> None:
    for letter in strip_unsupported(text, plain):
        assert letter in " \u00a0" or rasterize_word(letter, 24)[0].tobytes() != MISSING_GLYPH


@given(st.text(max_size=400))
def test_every_letter_is_seen_and_moves_the_pen_on(text: str) -> None:
    for letter in strip_unsupported(text):
        mask, _, advance = rasterize_word(letter, 24)
        assert advance > 0
        assert letter in " \u00a0" or mask.getbbox() is not None


@given(st.text(st.characters(max_codepoint=0x24F, categories=["L", "N", "P"]), max_size=60))
def test_a_word_is_as_long_as_its_letters(text: str) -> None:
    words = strip_unsupported(text)

    assert sum(rasterize_word(piece, 24)[2] for piece in split_words(words)) == measure_width(words, 24)


@given(st.text(max_size=400), st.integers(16, 40), st.integers(60, 500), st.integers(1, 4))
def test_no_line_is_longer_than_its_room_and_there_are_no_more_than_allowed(
    text: str, size: int, width: int, lines: int
) -> None:
    found = wrap_text(strip_unsupported(text), size, width, lines)

    assert len(found) <= lines
    assert all(measure_width(line, size) <= width for line in found)


def test_a_text_that_was_cut_ends_in_an_ellipsis_and_one_that_fits_does_not() -> None:
    assert wrap_text("four words of text", 20, 400, 1) == ["four words of text"]
    assert wrap_text("four words of text", 20, 90, 1)[0].endswith("…")
    assert wrap_text("four words of text", 20, 110, 2) == ["four words", "of text"]


def test_a_number_and_its_unit_stay_together() -> None:
    assert wrap_text("keep 35\u00a0%", 20, measure_width("keep 35", 20) + 5, 2) == ["keep", "35 %"]


def test_lines_do_not_begin_or_end_with_a_dot_between() -> None:
    assert wrap_text("prompt · style", 20, measure_width("prompt ·", 20) + 2, 2) == ["prompt", "style"]


@given(st.lists(st.text(st.characters(max_codepoint=0x1EFF, categories=["L", "N", "P"]), max_size=30), max_size=2))
def test_lines_below_one_another_are_drawn_as_if_each_word_were_mixed_in(texts: list[str]) -> None:
    canvas, mixed = Canvas(900, 120), Image.new("RGB", (900, 120), BACKGROUND)

    for number, line in enumerate(strip_unsupported(text) for text in texts):
        x, y = 30, 50 + round(1.2 * 28 * number)
        canvas.draw_text((x, y), line, 28, centred=False)
        for piece in split_words(line):
            mask, (left, top), advance = rasterize_word(piece, 28)
            mixed.paste(TEXT_COLOUR, (x + left, y + top, x + left + mask.width, y + top + mask.height), mask)
            x += advance

    assert canvas.encode().jpeg == encode_jpeg(mixed)
