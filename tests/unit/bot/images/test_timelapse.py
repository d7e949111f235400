"""Time-lapses: an animation from the oldest image to the newest, within a size limit."""

import pytest
from PIL import Image

from bot.images.thumbnail import make_thumbnail
from bot.images.timelapse import make_timelapse
from tests.support.drawings import BACKGROUND, make_solid_thumbnail
from tests.support.images import BLUE, GREEN, RED, encode_image, get_grey_range, is_near, make_noise_image, open_image

LARGE_LIMIT = 10 << 20


def read_frames(data: bytes) -> list[tuple[Image.Image, int]]:
    animation = open_image(data)
    assert animation.format == "WEBP"
    frames = []
    for number in range(getattr(animation, "n_frames", 1)):
        animation.seek(number)
        animation.load()
        frames.append((animation.convert("RGB"), animation.info["duration"]))
    return frames


def test_each_image_is_shown_for_a_second_and_the_last_one_longer_with_fades_between() -> None:
    frames = read_frames(
        make_timelapse(
            [make_solid_thumbnail(RED), make_solid_thumbnail(GREEN), make_solid_thumbnail(BLUE)], LARGE_LIMIT
        )
    )

    images = [(frame.getpixel((256, 256)), duration) for frame, duration in frames if duration >= 1000]
    assert [duration for _, duration in images] == [1000, 1000, 2500]
    assert all(is_near(pixel, colour) for (pixel, _), colour in zip(images, (RED, GREEN, BLUE), strict=True))
    fades = [frame.getpixel((256, 256)) for frame, duration in frames if duration < 1000]
    assert len(fades) == 8
    assert is_near(fades[1], (148, 104, 48))
    assert (
        open_image(make_timelapse([make_solid_thumbnail(RED), make_solid_thumbnail(GREEN)], LARGE_LIMIT)).info["loop"]
        == 0
    )


def test_images_of_other_aspect_ratios_are_fitted_onto_one_canvas() -> None:
    frames = read_frames(
        make_timelapse([make_solid_thumbnail(RED, (1024, 512)), make_solid_thumbnail(GREEN, (512, 1024))], LARGE_LIMIT)
    )

    (first, _), (last, _) = frames[0], frames[-1]
    assert first.size == (512, 512)
    assert is_near(first.getpixel((10, 256)), RED)
    assert is_near(first.getpixel((256, 60)), BACKGROUND)
    assert is_near(last.getpixel((256, 10)), GREEN)
    assert is_near(last.getpixel((60, 256)), BACKGROUND)


def test_shapes_that_differ_by_a_pixel_leave_no_dark_line() -> None:
    frames = read_frames(
        make_timelapse([make_solid_thumbnail(RED, (512, 341)), make_solid_thumbnail(GREEN, (510, 342))], LARGE_LIMIT)
    )

    for frame, colour in ((frames[0][0], RED), (frames[-1][0], GREEN)):
        right, bottom = frame.width - 1, frame.height - 1
        corners = (0, 0), (right, 0), (0, bottom), (right, bottom)
        assert all(is_near(frame.getpixel(corner), colour) for corner in corners)


def test_a_small_image_is_enlarged_to_the_others() -> None:
    frames = read_frames(
        make_timelapse([make_solid_thumbnail(RED, (64, 64)), make_solid_thumbnail(GREEN)], LARGE_LIMIT)
    )

    assert is_near(frames[0][0].getpixel((20, 20)), RED)


def test_a_single_image_is_a_still() -> None:
    assert is_near(
        read_frames(make_timelapse([make_solid_thumbnail(RED)], LARGE_LIMIT))[0][0].getpixel((256, 256)), RED
    )


NOISE_THUMBNAILS = [make_thumbnail(encode_image(make_noise_image((192, 192), seed), "PNG")) for seed in range(6)]


def test_no_limit_is_exceeded_and_a_lower_one_reduces_quality_and_then_size() -> None:
    best = make_timelapse(NOISE_THUMBNAILS, LARGE_LIMIT)
    sizes = []
    for share in (1.0, 0.9, 0.5, 0.2, 0.05, 0.01):
        limit = int(share * len(best))
        smaller = make_timelapse(NOISE_THUMBNAILS, limit)
        assert len(smaller) <= limit
        sizes.append(open_image(smaller).width)

    assert sizes[:2] == [192, 192]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 100


def test_the_first_and_the_last_image_are_always_shown() -> None:
    thumbnails = [make_solid_thumbnail(RED, (192, 192)), *NOISE_THUMBNAILS, make_solid_thumbnail(BLUE, (192, 192))]
    smallest = None
    for limit in (20_000, 10_000, 5_000, 3_000, 2_000):
        try:
            smallest = make_timelapse(thumbnails, limit)
        except ValueError:
            break

    assert smallest is not None
    frames = [frame for frame, _ in read_frames(smallest)]
    assert len(frames) < len(thumbnails)
    assert is_near(frames[0].getpixel((frames[0].width // 2,) * 2), RED, 30)
    assert is_near(frames[-1].getpixel((frames[0].width // 2,) * 2), BLUE, 30)


def make_grey_beside_noise(level: int) -> bytes:
    image = make_noise_image((32, 32), level)
    image.paste((level, level, level), (0, 0, 16, 32))
    return make_thumbnail(encode_image(image, "PNG"))


def test_of_too_many_images_an_even_sample_is_shown() -> None:
    greys = [make_grey_beside_noise(level) for level in range(20, 240, 2)]
    images = [frame for frame, duration in read_frames(make_timelapse(greys, LARGE_LIMIT)) if duration >= 1000]

    assert len(images) == 48
    levels = [get_grey_range(frame.crop((4, 12, 6, 14)))[0] for frame in images]
    expected = [20 + 218 * number / 47 for number in range(48)]
    assert max(abs(level - value) for level, value in zip(levels, expected, strict=True)) < 12
    assert abs(levels[0] - 20) < 6
    assert abs(levels[-1] - 238) < 6


def test_a_limit_that_cannot_be_met_is_reported() -> None:
    with pytest.raises(ValueError, match=r"does not fit into 100 bytes: .* raise the limit"):
        make_timelapse(NOISE_THUMBNAILS, 100)


def test_no_images_are_rejected() -> None:
    with pytest.raises(ValueError, match="needs one or more thumbnails"):
        make_timelapse([], LARGE_LIMIT)
