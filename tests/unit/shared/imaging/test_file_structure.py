"""Counting the parts of a file."""

from PIL import Image

from shared.imaging.file_structure import count_png_chunks, has_more_scans_than
from tests.support.images import RED, encode_image, make_png_chunk

PNG = encode_image(Image.new("RGB", (40, 30), RED), "PNG")
JPEG = encode_image(Image.new("RGB", (40, 30), RED), "JPEG", progressive=True)


def test_png_chunks_are_counted_up_to_one_more_than_the_limit() -> None:
    many = PNG[:33] + make_png_chunk(b"prVt") * 100 + PNG[33:]
    assert count_png_chunks(PNG, 10) == 3
    assert count_png_chunks(many, 1000) == 103
    assert count_png_chunks(many, 50) == 51
    assert count_png_chunks(b"", 50) == 0


def test_scans_after_the_end_of_a_jpeg_do_not_count() -> None:
    scans = JPEG.count(b"\xff\xda")

    assert has_more_scans_than(JPEG, scans - 1)
    assert not has_more_scans_than(JPEG, scans)
    assert not has_more_scans_than(JPEG + b"\xff\xda" * 100, scans)
