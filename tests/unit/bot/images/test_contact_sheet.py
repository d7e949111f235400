"""Contact sheets: where the thumbnails, numbers and captions are, and the arguments that are rejected."""

import itertools

import pytest
from PIL import Image, ImageChops

from bot.images.canvas import PLACEHOLDER_BACKGROUND, TEXT_COLOUR, Canvas
from bot.images.contact_sheet import MAX_CELLS, Cell, draw_contact_sheet
from tests.support.drawings import BACKGROUND, make_solid_thumbnail, open_drawing
from tests.support.images import BLUE, GREEN, RED, YELLOW, encode_image, get_grey_range, is_near, make_noise_image

COLOURS = (RED, GREEN, BLUE, YELLOW)


def test_thumbnails_are_evenly_spaced_in_reading_order() -> None:
    sheet = open_drawing(draw_contact_sheet([Cell(make_solid_thumbnail(colour), "") for colour in COLOURS]))

    assert sheet.size == (3 * 25 + 2 * 512, 3 * 25 + 2 * 512)
    for index, colour in enumerate(COLOURS):
        left, top = 25 + index % 2 * 537, 25 + index // 2 * 537
        assert is_near(sheet.getpixel((left + 256, top + 256)), colour)
        assert is_near(sheet.getpixel((left + 505, top + 256)), colour)
        assert is_near(sheet.getpixel((left + 256, top + 505)), colour)
    assert is_near(sheet.getpixel((549, 256)), BACKGROUND)
    assert is_near(sheet.getpixel((256, 549)), BACKGROUND)


def test_corners_are_rounded() -> None:
    sheet = open_drawing(draw_contact_sheet([Cell(make_solid_thumbnail(YELLOW), "")]))

    assert is_near(sheet.getpixel((25 + 511, 25 + 511)), BACKGROUND, 30)
    assert is_near(sheet.getpixel((25 + 490, 25 + 490)), YELLOW)


@pytest.mark.parametrize(
    ("count", "grid"), [(1, (1, 1)), (3, (3, 1)), (4, (2, 2)), (5, (3, 2)), (9, (3, 3)), (25, (5, 5))]
)
def test_the_grid_is_nearly_square(count: int, grid: tuple[int, int]) -> None:
    sheet = draw_contact_sheet([Cell(None, "")] * count)

    side = 512 if count <= 9 else 256
    gap = side // 20
    assert (sheet.width, sheet.height) == tuple(cells * (side + gap) + gap for cells in grid)


def test_the_caller_may_choose_the_number_of_columns() -> None:
    tall = draw_contact_sheet([Cell(None, "")] * 4, columns=1)

    assert tall.height > 3.5 * tall.width


def crop_badge(number: int, cells: int = 9) -> Image.Image:
    """Crop a cell's badge from a sheet whose thumbnails are all the same."""
    sheet = open_drawing(draw_contact_sheet([Cell(make_solid_thumbnail(BLUE), "")] * cells))
    left, top = 25 + (number - 1) % 3 * 537, 25 + (number - 1) // 3 * 537
    return sheet.crop((left, top, left + 150, top + 120))


def test_each_number_is_different_and_large_enough_for_discords_preview() -> None:
    badges = [crop_badge(number) for number in (1, 2, 8, 9)]

    for badge in badges:
        box = badge.convert("L").point(lambda value: 255 if value > 150 else 0).getbbox()
        assert box is not None
        assert (box[3] - box[1]) * 550 / 1636 > 20
    for one, other in itertools.pairwise(badges):
        assert get_grey_range(ImageChops.difference(one, other))[1] > 120


def test_numbers_count_from_one_in_reading_order() -> None:
    sheet = open_drawing(draw_contact_sheet([Cell(None, "")] * 9))

    for number in range(1, 10):
        left, top = 25 + (number - 1) % 3 * 537, 25 + (number - 1) // 3 * 537
        alone = Canvas(200, 200)
        alone.fill_rounded_rectangle((25, 25), (512, 512), 12, PLACEHOLDER_BACKGROUND)
        alone.draw_badge((37, 37), str(number), 88)
        expected = open_drawing(alone.encode()).crop((40, 40, 160, 160))
        found = sheet.crop((left + 15, top + 15, left + 135, top + 135))
        assert get_grey_range(ImageChops.difference(found, expected))[1] < 60


def test_the_captions_of_a_high_sheet_are_legible_in_discords_preview() -> None:
    cells = [Cell(make_solid_thumbnail((0, 0, 0), (393, 512)), "keep 20 %")] * 9
    sheet = open_drawing(draw_contact_sheet(cells))

    caption = sheet.crop((25, 25 + 512, 25 + 393, 25 + 512 + 80)).convert("L").point(lambda value: 255 * (value > 120))
    box = caption.getbbox()
    assert box is not None
    assert (box[3] - box[1]) * min(550 / sheet.width, 350 / sheet.height) > 9, "the height of its letters in pixels"


def test_numbers_are_legible_on_white_and_on_black() -> None:
    for colour in ((255, 255, 255), (0, 0, 0)):
        sheet = open_drawing(draw_contact_sheet([Cell(make_solid_thumbnail(colour), "")]))
        darkest, lightest = get_grey_range(sheet.crop((40, 40, 75, 75)))
        assert darkest < 50
        assert lightest > 220


def count_text_pixels(sheet: Image.Image, box: tuple[int, int, int, int]) -> int:
    """Count the pixels that are as light as text on the background."""
    return sheet.crop(box).convert("L").point(lambda value: 255 if value > 120 else 0).histogram()[255]


def test_captions_are_below_their_thumbnails_and_nowhere_else() -> None:
    sheet = open_drawing(
        draw_contact_sheet(
            [Cell(make_solid_thumbnail(RED), "seed 1234 · keep 35 %"), Cell(make_solid_thumbnail(RED), "")]
        )
    )

    assert count_text_pixels(sheet, (0, 540, 549, sheet.height)) > 300
    assert count_text_pixels(sheet, (549, 540, sheet.width, sheet.height)) == 0


def test_a_caption_takes_up_to_two_lines_within_its_own_column() -> None:
    short, long = (
        draw_contact_sheet([Cell(make_solid_thumbnail(RED), caption), Cell(None, "")])
        for caption in ("one", "words and words " * 40)
    )

    assert 0 < long.height - short.height < 40
    assert count_text_pixels(open_drawing(long), (540, 540, 1099, long.height)) == 0


def test_a_cell_without_a_thumbnail_has_dots_or_a_label() -> None:
    waiting, filtered, gone = (
        open_drawing(draw_contact_sheet([Cell(None, "", placeholder)])).crop((200, 200, 360, 360))
        for placeholder in ("", "filtered", "gone")
    )

    for cell in (waiting, filtered, gone):
        assert is_near(cell.getpixel((5, 5)), PLACEHOLDER_BACKGROUND)
    assert get_grey_range(ImageChops.difference(filtered, gone))[1] > 100
    assert 20 < count_text_pixels(waiting, (0, 0, 160, 160)) < count_text_pixels(filtered, (0, 0, 160, 160))


def test_a_caption_that_the_font_lacks_is_replaced_by_its_fallback() -> None:
    expected = draw_contact_sheet([Cell(None, "seed 5")])

    assert draw_contact_sheet([Cell(None, "山田太郎", fallback_caption="seed 5")]).jpeg == expected.jpeg


def test_thumbnails_of_other_aspect_ratios_are_drawn_on_a_mat() -> None:
    wide = make_solid_thumbnail(GREEN, (1024, 512))
    sheet = open_drawing(draw_contact_sheet([Cell(wide, ""), Cell(make_solid_thumbnail(RED), "")]))

    assert is_near(sheet.getpixel((25 + 256, 25 + 256)), GREEN)
    assert is_near(sheet.getpixel((25 + 256, 25 + 100)), (38, 39, 43))
    assert is_near(sheet.getpixel((25 + 256, 25 + 412)), (38, 39, 43))


@pytest.mark.parametrize("size", [(1, 1), (512, 1), (3, 512), (20, 6)])
def test_the_smallest_thumbnails_are_visible(size: tuple[int, int]) -> None:
    sheet = open_drawing(draw_contact_sheet([Cell(make_solid_thumbnail(YELLOW, size), "")]))

    middle = sheet.crop((sheet.width // 2 - 2, sheet.height // 2 - 2, sheet.width // 2 + 2, sheet.height // 2 + 2))
    assert get_grey_range(middle)[1] > 100


def test_a_sheet_of_wide_thumbnails_is_low() -> None:
    sheet = draw_contact_sheet([Cell(make_solid_thumbnail(GREEN, (1024, 576)), "")] * 3)

    assert (sheet.width, sheet.height) == (4 * 25 + 3 * 512, 2 * 25 + 288)


@pytest.mark.parametrize(("count", "columns"), [(0, None), (MAX_CELLS + 1, None), (4, 0), (4, 6)])
def test_an_invalid_number_of_cells_or_columns_is_rejected(count: int, columns: int | None) -> None:
    with pytest.raises(ValueError, match=r"are no contact sheet: .* split more into pages"):
        draw_contact_sheet([Cell(None, "")] * count, columns)


@pytest.mark.parametrize("broken", [b"", b"no picture", encode_image(make_noise_image((512, 512)), "JPEG")[:-900]])
def test_a_broken_thumbnail_is_drawn_like_a_missing_one_and_reported(broken: bytes) -> None:
    thumbnails = [make_solid_thumbnail(RED), broken, None]

    sheet = draw_contact_sheet([Cell(thumbnail, "", "gone") for thumbnail in thumbnails])

    assert sheet.jpeg == draw_contact_sheet([Cell(make_solid_thumbnail(RED), ""), *[Cell(None, "", "gone")] * 2]).jpeg
    assert sheet.unreadable_indexes == (1,)


def test_text_has_high_contrast_with_all_backgrounds() -> None:
    def compute_luminance(colour: tuple[int, int, int]) -> float:
        """Of https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
        parts = [part / 255 for part in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for background in (BACKGROUND, PLACEHOLDER_BACKGROUND):
        assert (compute_luminance(TEXT_COLOUR) + 0.05) / (compute_luminance(background) + 0.05) > 7
