"""bot.sheets.timelapse: an animation from the oldest picture to the newest, under a limit of bytes."""

import pytest
from PIL import Image

from bot.sheets import thumbnail, timelapse
from tests.bot.sheets.painted import BLUE, GREEN, GROUND, RED, encoded, extremes, near, noise, opened, plain

PLENTY = 10 << 20


def frames_of(data: bytes) -> list[tuple[Image.Image, int]]:
    film = opened(data)
    assert film.format == "WEBP"
    frames = []
    for number in range(getattr(film, "n_frames", 1)):
        film.seek(number)
        film.load()
        frames.append((film.convert("RGB"), film.info["duration"]))
    return frames


def test_each_picture_is_held_for_a_second_and_the_last_one_longer_with_fades_between() -> None:
    frames = frames_of(timelapse([plain(RED), plain(GREEN), plain(BLUE)], PLENTY))

    held = [(frame.getpixel((256, 256)), duration) for frame, duration in frames if duration >= 1000]
    assert [duration for _, duration in held] == [1000, 1000, 2500]
    assert all(near(pixel, colour) for (pixel, _), colour in zip(held, (RED, GREEN, BLUE), strict=True))
    fades = [frame.getpixel((256, 256)) for frame, duration in frames if duration < 1000]
    assert len(fades) == 8
    assert near(fades[1], (148, 104, 48))
    assert opened(timelapse([plain(RED), plain(GREEN)], PLENTY)).info["loop"] == 0


def test_pictures_of_other_shapes_are_fitted_whole_onto_one_canvas() -> None:
    frames = frames_of(timelapse([plain(RED, (1024, 512)), plain(GREEN, (512, 1024))], PLENTY))

    (first, _), (last, _) = frames[0], frames[-1]
    assert first.size == (512, 512)
    assert near(first.getpixel((10, 256)), RED)
    assert near(first.getpixel((256, 60)), GROUND)
    assert near(last.getpixel((256, 10)), GREEN)
    assert near(last.getpixel((60, 256)), GROUND)


def test_a_small_picture_grows_to_the_others() -> None:
    frames = frames_of(timelapse([plain(RED, (64, 64)), plain(GREEN)], PLENTY))

    assert near(frames[0][0].getpixel((20, 20)), RED)


def test_one_picture_stands_still() -> None:
    assert near(frames_of(timelapse([plain(RED)], PLENTY))[0][0].getpixel((256, 256)), RED)


NOISES = [thumbnail(encoded(noise((192, 192), seed), "PNG")) for seed in range(6)]


def test_no_limit_is_exceeded_and_less_room_means_less_quality_then_less_size() -> None:
    best = timelapse(NOISES, PLENTY)
    sizes = []
    for share in (1.0, 0.9, 0.5, 0.2, 0.05, 0.01):
        limit = int(share * len(best))
        smaller = timelapse(NOISES, limit)
        assert len(smaller) <= limit
        sizes.append(opened(smaller).width)

    assert sizes[:2] == [192, 192]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 100


def test_the_first_and_the_last_are_never_left_out() -> None:
    way = [plain(RED, (192, 192)), *NOISES, plain(BLUE, (192, 192))]
    smallest = None
    for limit in (20_000, 10_000, 5_000, 3_000, 2_000):
        try:
            smallest = timelapse(way, limit)
        except ValueError:
            break

    assert smallest is not None
    frames = [frame for frame, _ in frames_of(smallest)]
    assert len(frames) < len(way)
    assert near(frames[0].getpixel((frames[0].width // 2,) * 2), RED, 30)
    assert near(frames[-1].getpixel((frames[0].width // 2,) * 2), BLUE, 30)


def grey_beside_noise(level: int) -> bytes:
    picture = noise((32, 32), level)
    picture.paste((level, level, level), (0, 0, 16, 32))
    return thumbnail(encoded(picture, "PNG"))


def test_very_many_pictures_are_an_even_choice_of_them() -> None:
    greys = [grey_beside_noise(level) for level in range(20, 240, 2)]
    held = [frame for frame, duration in frames_of(timelapse(greys, PLENTY)) if duration >= 1000]

    assert len(held) == 48
    levels = [extremes(frame.crop((4, 12, 6, 14)))[0] for frame in held]
    wanted = [20 + 218 * number / 47 for number in range(48)]
    assert max(abs(level - even) for level, even in zip(levels, wanted, strict=True)) < 12
    assert abs(levels[0] - 20) < 6
    assert abs(levels[-1] - 238) < 6


def test_a_limit_that_nothing_meets_is_refused_in_words() -> None:
    with pytest.raises(
        ValueError, match=r"cannot be shown one after the other in 100 bytes: .* ask for a higher limit"
    ):
        timelapse(NOISES, 100)


def test_no_pictures_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no picture was given"):
        timelapse([], PLENTY)
