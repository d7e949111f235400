"""Several pictures of a request as one value: packed, unpacked, and missed where they are not all there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.images import StoredImage
from shared.request.bundles import has_needed_pictures, pack_pictures, unpack_pictures
from shared.request.model import MaskKind, Request
from shared.request.pictures import Pictures

SOURCE = Request(model="m", text_prompts=(), has_picture=True)
WITH_ALPHA = SOURCE.model_copy(update={"mask": MaskKind.ALPHA})
WITH_MASK = SOURCE.model_copy(update={"mask": MaskKind.PICTURE})
WITH_STYLE = SOURCE.model_copy(update={"has_style_picture": True})
BUNDLE = pack_pictures(Pictures(b"source", b"mask", b"style")) or b""


@given(st.none() | st.binary(), st.none() | st.binary(), st.none() | st.binary())
def test_pictures_are_unpacked_as_they_were_packed(
    source: bytes | None, mask: bytes | None, style: bytes | None
) -> None:
    pictures = Pictures(source, mask, style)
    packed = pack_pictures(pictures)
    assert (packed is None) == (not pictures.list_parts())
    assert packed is None or unpack_pictures(packed) == pictures


def test_a_source_alone_is_stored_as_it_is() -> None:
    assert pack_pictures(Pictures(b"source")) == b"source"
    assert StoredImage("", b"source").picture == StoredImage("", BUNDLE).picture == b"source"


@given(st.integers(0, len(BUNDLE) - 1))
def test_a_cut_bundle_is_no_bundle(length: int) -> None:
    assert unpack_pictures(BUNDLE[:length]) == Pictures(BUNDLE[:length])


@pytest.mark.parametrize(
    ("request_", "pictures", "is_complete"),
    [
        (SOURCE, Pictures(b"s"), True),
        (SOURCE, Pictures(mask=b"m"), False),
        (WITH_ALPHA, Pictures(b"s"), True),
        (WITH_MASK, Pictures(b"s"), False),
        (WITH_MASK, Pictures(b"s", b"m"), True),
        (WITH_STYLE, Pictures(b"s", b"m"), False),
        (WITH_STYLE, Pictures(b"s", style=b"t"), True),
    ],
)
def test_what_the_request_speaks_of_must_be_there(request_: Request, pictures: Pictures, is_complete: bool) -> None:
    assert has_needed_pictures(pictures, request_) == is_complete
