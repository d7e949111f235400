"""An export's zips stay within the upload limit, are whole, and miss nothing; who asks for one gets one at a time."""

import io
import json
import zipfile
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.looking.part import Part
from bot.ports import Past, Told
from bot.render.manifest import entry_of
from tests.bot.test_render import ask, job, requests

pictures = st.none() | st.binary(max_size=3000)


def entry(number: int, request: Any, picture: bytes | None) -> dict[str, Any]:
    asked = job(request).model_copy(update={"id": str(1_300_000_000_000_000_000 + number)})
    past = Past(asked, "generated", number, Told(2, 3), 9.0, seconds=1.5)
    return entry_of(past, f"pentimento-{number}.png" if picture is not None else None, None if picture else "gone")


@given(st.lists(st.tuples(requests, pictures), max_size=12), st.integers(20_000, 60_000))
def test_a_part_is_never_larger_than_its_limit_and_holds_all_it_took(jobs: list[Any], limit: int) -> None:
    part, taken = Part(limit), []
    for number, (request, picture) in enumerate(jobs):
        described = entry(number, request, picture)
        if part.takes(described, picture):
            part.add(described, picture)
            taken.append((described, picture))

    whole = part.whole()

    assert len(whole) <= limit
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert json.loads(opened.read("manifest.json")) == {"jobs": [described for described, _ in taken]}
        for described, picture in taken:
            assert picture is None or opened.read(described["picture"]) == picture


def test_a_part_of_the_usual_limit_takes_what_nearly_fills_it_and_no_more() -> None:
    limit = 10 * 1024**2
    described = entry(1, ask(), b"x")

    assert Part(limit).takes(described, bytes(limit - 8192))
    assert not Part(limit).takes(described, bytes(limit))
