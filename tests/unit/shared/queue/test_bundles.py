"""Several pictures of a job as one value: packed, unpacked, and refused where they are not what the request says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.queue.bundles import pack_pictures, unpack_prepared, unpack_uploads
from shared.request.model import MaskKind, Request
from shared.request.pictures import Pictures

WITH_MASK = Request(model="m", text_prompts=(), has_picture=True, mask=MaskKind.PICTURE)
WITH_ALL = WITH_MASK.model_copy(update={"has_style_picture": True})
SOURCE_ALONE = WITH_MASK.model_copy(update={"mask": MaskKind.ALPHA})


@given(st.binary(min_size=1), st.binary(), st.binary())
def test_pictures_are_unpacked_as_they_were_packed(source: bytes, mask: bytes, style: bytes) -> None:
    pictures = Pictures(source, mask, style)
    packed = pack_pictures(pictures)
    assert packed is not None
    assert unpack_uploads(packed, WITH_ALL) == unpack_prepared(packed) == pictures
    assert pack_pictures(Pictures(source)) == source
    assert pack_pictures(Pictures()) is None


def test_a_hostile_upload_alone_is_no_bundle() -> None:
    packed = pack_pictures(Pictures(b"source", b"mask"))
    assert packed is not None
    assert unpack_uploads(packed, SOURCE_ALONE) == Pictures(packed)


@pytest.mark.parametrize("request_", [WITH_MASK, WITH_ALL])
@pytest.mark.parametrize(
    "data",
    [b"a JPEG", pack_pictures(Pictures(b"source", style=b"s")), pack_pictures(Pictures(mask=b"m", style=b"s")), b""],
)
def test_what_the_request_speaks_of_must_be_there(data: bytes, request_: Request) -> None:
    assert unpack_uploads(data, request_) is None


@given(st.integers(0, 60))
def test_a_cut_bundle_is_no_pictures(length: int) -> None:
    packed = pack_pictures(Pictures(b"source", b"mask", b"style")) or b""
    assert unpack_uploads(packed[: min(length, len(packed) - 1)], WITH_ALL) is None
