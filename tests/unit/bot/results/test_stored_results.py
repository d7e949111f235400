"""Results that no message shows, such as those of batches: found in the database, and deleted without a message."""

import hashlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.domain.images import StoredImage
from bot.domain.records import JobRecord
from bot.domain.status import JobStatus
from bot.results.images import ResultImageLoader
from bot.results.lookup import ResultLookup
from bot.results.withdrawal import withdraw_status
from shared.job import BatchRef
from shared.problems import RejectedError
from tests.support.builders import make_job

PICTURE = b"a picture"
JOB = make_job(1).model_copy(update={"batch": BatchRef(batch_id="17", item_number=1)})
RECORD = JobRecord(JOB, "generated", 7, None, 9.0)


class OneRecord:
    """A history of one job, whose picture may be stored."""

    def __init__(self, picture: bytes | None, record: JobRecord = RECORD) -> None:
        self.picture = picture
        self.record = record

    async def find_job(self, _job_id: str) -> JobRecord:
        return self.record

    async def load_statuses(self, _job_ids: object) -> list[JobStatus]:
        return []

    async def load_undelivered_image(self, _job_id: str) -> bytes | None:
        return self.picture


async def refuse_download(_image: object) -> bytes:
    raise AssertionError("there is nothing to download")


def make_lookup(picture: bytes | None) -> ResultLookup:
    store = cast("Any", OneRecord(picture))
    return ResultLookup(store, store, store, refuse_download)


def make_interaction() -> discord.Interaction:
    user = SimpleNamespace(id=JOB.requester.id)
    fake = SimpleNamespace(message=None, user=user, guild_id=JOB.origin.guild_id, client=None)
    return cast("discord.Interaction", fake)


async def test_upscale_and_vary_start_from_the_stored_picture() -> None:
    found = await make_lookup(PICTURE).find_result_image(make_interaction(), JOB.id)

    assert found == StoredImage(hashlib.sha256(PICTURE).hexdigest(), PICTURE)


async def test_a_picture_that_is_no_longer_stored_is_gone() -> None:
    with pytest.raises(RejectedError, match="result_gone"):
        await make_lookup(None).find_result_image(make_interaction(), JOB.id)


async def test_a_request_is_not_repeated_without_its_words() -> None:
    lookup = make_lookup(None)
    assert await lookup.find_generation_settings(make_interaction(), JOB.id) == RECORD.settings

    store = cast("Any", OneRecord(None, replace(RECORD, has_words=False)))
    without_words = ResultLookup(store, store, store, refuse_download)

    with pytest.raises(RejectedError, match="prompt_expired"):
        await without_words.find_generation_settings(make_interaction(), JOB.id)


async def test_history_and_export_load_the_stored_picture() -> None:
    loader = ResultImageLoader(cast("Any", OneRecord(PICTURE)), refuse_download)

    assert await loader.load_image(cast("Any", None), RECORD) == PICTURE


async def test_deleting_one_leaves_the_board_of_its_batch_as_it_is() -> None:
    await withdraw_status(cast("Any", None), JOB)  # a client would be needed to edit anything
