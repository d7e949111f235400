"""A requester is told when much of their picture is cropped, and from which size one is enlarged."""

from typing import Any

import pytest

from bot.domain.images import RemoteImage, StoredImage
from bot.submission.image_notes import list_image_notes
from tests.support.views import CATALOGUE, EN, FR, make_request

PANORAMA = RemoteImage("https://cdn.discordapp.com/a.png", 4, "a.png", (3000, 400))


def test_a_panorama_is_said_to_be_cropped_and_how_to_keep_all_of_it() -> None:
    notes = list_image_notes(make_request("sdxl"), CATALOGUE.models["sdxl"], PANORAMA)

    (english,) = EN.format_notes(notes)
    assert english.startswith("Your picture's shape, 7.5:1, was cropped to 2.4:1. To keep all of it, set “fit”")
    assert "7,5:1" in FR.format_notes(notes)[0]


@pytest.mark.parametrize("size", [(3000, 4000), (4000, 3000), (1920, 1080), (1080, 2340), (500, 500)])
def test_a_photo_of_a_phone_or_a_screen_needs_no_note(size: tuple[int, int]) -> None:
    image = RemoteImage("https://cdn.discordapp.com/a.png", 4, "a.png", size)

    assert list_image_notes(make_request("sdxl"), CATALOGUE.models["sdxl"], image) == ()


@pytest.mark.parametrize("fit", ["pad", "stretch"])
def test_a_picture_that_is_not_cropped_needs_no_note(fit: str) -> None:
    assert list_image_notes(make_request("sdxl", fit=fit), CATALOGUE.models["sdxl"], PANORAMA) == ()


def test_nothing_is_said_where_the_size_is_unknown_kept_or_prepared() -> None:
    for image in (RemoteImage("https://cdn.discordapp.com/a.png", 4, "a.png"), StoredImage("0" * 64, b""), None):
        assert list_image_notes(make_request("sdxl"), CATALOGUE.models["sdxl"], image) == ()


def test_an_upscaled_picture_is_said_to_be_enlarged_from_its_size() -> None:
    (note,) = list_image_notes(make_request("fast-upscale"), CATALOGUE.models["fast-upscale"], PANORAMA)

    assert (note.code, note.facts) == ("enlarged", {"source": "3000 × 400"})


@pytest.mark.parametrize(
    ("pixels", "options", "words"),
    [
        ((1200, 800), {}, []),
        ((3072, 3072), {"fit": "pad"}, []),
        ((4000, 3000), {}, ["was scaled down from 4000 × 3000 to 3547 × 2660 pixels, the most that Outpaint takes"]),
        ((40, 30), {}, ["was enlarged from 40 × 30 to 85 × 64 pixels, the least that Outpaint takes"]),
        ((3000, 400), {}, ["shape, 7.5:1, was cropped to 2.5:1"]),
        ((3000, 400), {"fit": "pad"}, []),
        ((1200, 800), {"up": 801, "left": 1200}, ["More was added at one side"]),
        ((1200, 800), {"up": 800, "left": 1200}, []),
    ],
)
def test_an_edit_says_where_fitting_changes_its_picture(
    pixels: tuple[int, int], options: dict[str, Any], words: list[str]
) -> None:
    image = RemoteImage("https://cdn.discordapp.com/a.png", 4, "a.png", pixels)

    said = EN.format_notes(list_image_notes(make_request("outpaint", **options), CATALOGUE.models["outpaint"], image))

    assert len(said) == len(words)
    assert all(part in sentence for part, sentence in zip(words, said, strict=True))
