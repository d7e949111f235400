"""What somebody wrote into a PNG to mislead or to break the bot is read as a request, or as nothing at all."""

import io
import json
import zlib
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from bot.results.embedded_settings import parse_embedded_settings
from shared.imaging import png_chunks
from shared.imaging.metadata import replace_png_text
from tests.support.images import make_png_chunk

REQUEST = {"model": "sd3.5-large", "text_prompts": [{"text": "a"}], "has_picture": False}


def make_png_with_text(words: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return replace_png_text(out.getvalue(), {"pentimento": words})


def make_request_text(**changes: Any) -> dict[str, Any]:
    return {"job": "1", "seed": 7, "request": REQUEST} | changes


def test_a_recipe_is_read_and_says_nothing_of_who_asked() -> None:
    found = parse_embedded_settings(make_png_with_text(json.dumps(make_request_text(author=42))))

    assert found is not None
    assert (found.job_id, found.seed, found.author_id, found.request.model) == ("1", 7, None, "sd3.5-large")


@pytest.mark.parametrize(
    "words",
    [
        *("", "null", "[]", '"x"', "{}", "not JSON", "[" * 100_000),
        *(json.dumps(make_request_text(seed=seed)) for seed in (float("inf"), float("nan"), "many", [7])),
        *(json.dumps(make_request_text(request=request)) for request in (None, {}, {**REQUEST, "steps": "many"})),
        json.dumps(make_request_text(request={**REQUEST, "text_prompts": [{"text": "\ud800"}]})),
        '{"job": "1", "seed": ' + "9" * 5000 + ', "request": {}}',
    ],
    ids=str.__len__,
)
def test_what_is_no_recipe_is_nothing(words: str) -> None:
    assert parse_embedded_settings(make_png_with_text(words)) is None


def test_a_png_of_700000_chunks_is_read_as_nothing_before_any_chunk_is_verified(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    png = make_png_with_text(json.dumps(make_request_text()))
    crowded = png[:33] + 700_000 * make_png_chunk(b"tEXt", b"") + png[33:]
    verified: list[int] = []

    def count_verified_chunk(data: bytes) -> int:
        verified.append(len(data))
        return zlib.crc32(data)

    monkeypatch.setattr(png_chunks, "zlib", SimpleNamespace(crc32=count_verified_chunk))

    assert parse_embedded_settings(crowded) is None
    assert verified == []
    assert parse_embedded_settings(png) is not None
    assert len(verified) == 4
