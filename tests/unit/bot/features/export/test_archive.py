"""An export's zips stay within the upload limit, are whole, and miss nothing; who asks for one gets one at a time."""

import io
import json
import zipfile
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.features.export.archive import ExportArchive
from bot.features.export.manifest import build_manifest_entry
from tests.unit.bot.rendering.test_outcome_views import make_job, make_request, requests

images = st.none() | st.binary(max_size=3000)


def make_entry(number: int, request: Any, picture: bytes | None) -> dict[str, Any]:
    asked = make_job(request).model_copy(update={"id": str(1_300_000_000_000_000_000 + number)})
    past = JobRecord(asked, "generated", number, MessageRef(2, 3), 9.0, duration_seconds=1.5)
    return build_manifest_entry(
        past, f"pentimento-{number}.png" if picture is not None else None, None if picture else "gone"
    )


@given(st.lists(st.tuples(requests, images), max_size=12), st.integers(20_000, 60_000))
def test_a_part_is_never_larger_than_its_limit_and_holds_all_it_took(jobs: list[Any], limit: int) -> None:
    part, taken = ExportArchive(limit), []
    for number, (request, picture) in enumerate(jobs):
        described = make_entry(number, request, picture)
        if part.has_room_for(described, picture):
            part.add_job(described, picture)
            taken.append((described, picture))

    whole = part.finish_archive()

    assert len(whole) <= limit
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert json.loads(opened.read("manifest.json")) == {"jobs": [described for described, _ in taken]}
        for described, picture in taken:
            assert picture is None or opened.read(described["picture"]) == picture


def test_a_part_of_the_usual_limit_takes_what_nearly_fills_it_and_no_more() -> None:
    limit = 10 * 1024**2
    described = make_entry(1, make_request(), b"x")

    assert ExportArchive(limit).has_room_for(described, bytes(limit - 8192))
    assert not ExportArchive(limit).has_room_for(described, bytes(limit))
