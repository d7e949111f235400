"""The archives of an export stay within the upload limit and contain all that was added to them."""

import io
import json
import zipfile
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.results.export_archive import ExportArchive
from bot.results.export_manifest import build_manifest_entry
from shared.request.model import Request
from tests.support.views import make_job, make_request, requests

pictures = st.none() | st.binary(max_size=3000)


def make_entry(number: int, request: Request, picture: bytes | None) -> dict[str, Any]:
    job = make_job(request).model_copy(update={"id": str(1_300_000_000_000_000_000 + number)})
    record = JobRecord(job, "generated", number, MessageRef(2, 3), 9.0, duration_seconds=1.5)
    filename = f"pentimento-{number}.png" if picture is not None else None
    return build_manifest_entry(record, filename, None if picture else "gone")


@given(st.lists(st.tuples(requests, pictures), max_size=12), st.integers(20_000, 60_000))
def test_an_archive_never_exceeds_its_limit_and_contains_all_that_was_added(
    jobs: list[tuple[Request, bytes | None]], limit: int
) -> None:
    archive, added = ExportArchive(limit), []
    for number, (request, picture) in enumerate(jobs):
        entry = make_entry(number, request, picture)
        if archive.has_room_for(entry, picture):
            archive.add_job(entry, picture)
            added.append((entry, picture))

    data = archive.finish_archive()

    assert len(data) <= limit
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert json.loads(file.read("manifest.json")) == {"jobs": [entry for entry, _ in added]}
        for entry, picture in added:
            assert picture is None or file.read(entry["picture"]) == picture


def test_an_archive_has_room_for_a_picture_that_nearly_fills_it_and_for_no_larger_one() -> None:
    limit = 10 * 1024**2
    entry = make_entry(1, make_request(), b"x")

    assert ExportArchive(limit).has_room_for(entry, bytes(limit - 8192))
    assert not ExportArchive(limit).has_room_for(entry, bytes(limit))
