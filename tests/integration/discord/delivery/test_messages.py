"""Messages of outcomes: pings, uploads within the limits, and notices without a picture."""

import io
import os
import time
from functools import cache
from typing import Any

import pytest
from PIL import Image

from bot.delivery.consumer import OutcomeConsumer
from bot.domain.provenance import FileKind
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.outcome import Failed, Filtered, FilteredPart
from shared.problems import make_problem
from shared.request.model import Request
from tests.support.delivery import FakeOutcomeStream, deliver_outcome, make_consumer
from tests.support.discord_channel import PROMPT, DiscordChannel, make_generated, read_text
from tests.support.images import make_png
from tests.support.user import list_custom_ids


@cache
def make_large_png() -> bytes:
    """A picture of 10.3 MiB, of noise so that it does not compress."""
    out = io.BytesIO()
    Image.frombytes("RGB", (2000, 1800), os.urandom(2000 * 1800 * 3)).save(out, "PNG", compress_level=0)
    return out.getvalue()


@pytest.mark.parametrize(
    ("waited", "wish", "pinged"),
    [(61, "may_ping", True), (61, None, False), (30, "may_ping", False), (1, "always_pings", True)],
)
async def test_a_result_pings_its_requester_as_they_wish(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    consumer: OutcomeConsumer,
    waited: float,
    wish: str | None,
    pinged: bool,
) -> None:
    submitted = await discord_channel.submit_job(prompt="a castle <@1> @everyone")
    requester = submitted.requester.model_copy(update={wish: True} if wish else {})
    job = submitted.model_copy(update={"requester": requester, "accepted_at": time.time() - waited})
    outcome_stream.finish_job(job, make_generated(), make_png())

    await deliver_outcome(consumer, outcome_stream, job)

    (posted,) = await discord_channel.list_messages(job.origin.message_id)
    assert [user["id"] for user in posted["mentions"]] == ([str(discord_channel.ada_id)] if pinged else [])
    assert posted["mention_everyone"] is False


async def test_a_result_names_whose_picture_it_goes_on_from_without_pinging_them(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    users = (await discord_channel.call_control("GET", "state"))["users"]
    ben_id = next(int(user["id"]) for user in users if user["username"] == "ben")
    submitted = await discord_channel.submit_job()
    requester = submitted.requester.model_copy(update={"always_pings": True})
    job = submitted.model_copy(update={"requester": requester, "source_owner_id": ben_id, "is_spoiler": True})
    outcome_stream.finish_job(job, make_generated(), make_png())

    await deliver_outcome(consumer, outcome_stream, job)

    (posted,) = await discord_channel.list_messages(job.origin.message_id)
    assert f"from <@{ben_id}>’s picture" in read_text(posted)
    assert [user["id"] for user in posted["mentions"]] == [str(discord_channel.ada_id)]
    assert posted["components"][0]["components"][0]["items"][0]["spoiler"] is True


async def test_a_server_chooses_the_language_of_what_everyone_reads(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job(locale="en-US")
    job = job.model_copy(update={"origin": job.origin.model_copy(update={"locale": "fr"})})
    outcome_stream.finish_job(job, make_generated(), make_png())

    await deliver_outcome(consumer, outcome_stream, job)

    (posted,) = await discord_channel.list_messages(job.origin.message_id)
    assert "garder" in read_text(posted)


@pytest.mark.parametrize("is_assumed", [True, False])
async def test_a_seed_that_the_model_did_not_confirm_is_said_to_be_the_one_that_was_sent(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer, is_assumed: bool
) -> None:
    job = await discord_channel.submit_job()
    outcome = make_generated().model_copy(update={"is_seed_assumed": is_assumed})
    outcome_stream.finish_job(job, outcome, make_png())

    await deliver_outcome(consumer, outcome_stream, job)

    (posted,) = await discord_channel.list_messages(job.origin.message_id)
    assert ("this is the one I sent" in read_text(posted)) is is_assumed
    assert str(outcome.seed) in read_text(posted)


async def test_a_picture_over_the_upload_limit_is_re_encoded_and_a_note_says_so(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.finish_job(job, make_generated(), make_large_png())
    await deliver_outcome(consumer, outcome_stream, job)
    (posted,) = await discord_channel.list_messages(job.origin.message_id)
    (file,) = await discord_channel.list_files(posted)
    assert file["filename"].endswith(".jpg")
    assert file["size"] <= 10 * 1024**2
    assert "posted as JPEG" in read_text(posted)
    assert "10\u00a0MB" in read_text(posted)


class HashRecorder:
    """Keeps the facts of the copies that would be hashed."""

    def __init__(self) -> None:
        self.copies: list[tuple[str, int, FileKind]] = []

    async def save_copy(self, job_id: str, data: bytes, kind: FileKind) -> None:
        self.copies.append((job_id, len(data), kind))


@pytest.mark.parametrize("is_large", [False, True])
async def test_the_hashes_of_a_smaller_copy_and_of_the_preview_are_stored(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue, *, is_large: bool
) -> None:
    hashes: Any = HashRecorder()
    job = await discord_channel.submit_job()
    outcome_stream.finish_job(job, make_generated(), make_large_png() if is_large else make_png())

    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue, result_hashes=hashes)
    await deliver_outcome(consumer, outcome_stream, job)

    (posted,) = await discord_channel.list_messages(job.origin.message_id)
    (file,) = await discord_channel.list_files(posted)
    (preview,) = await discord_channel.list_files(await discord_channel.find_status(job))
    smaller = [(job.id, file["size"], FileKind.SMALLER)] if is_large else []
    assert hashes.copies == [*smaller, (job.id, preview["size"], FileKind.PREVIEW)]
    assert outcome_stream.loaded_images == [job.id], "the picture is loaded once, and posted twice"


async def test_an_upload_that_discord_rejects_as_too_large_is_made_smaller(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.finish_job(job, make_generated(), make_png())
    await discord_channel.inject_fault("status:413", "POST", f"/channels/{job.origin.message_id}/messages", times=2)
    await deliver_outcome(consumer, outcome_stream, job)
    assert len(await discord_channel.list_messages(job.origin.message_id)) == 1


async def test_a_boosted_server_gets_a_large_picture_unchanged(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    job = await discord_channel.submit_job()
    await discord_channel.call_control("PATCH", "guild", {"premium_tier": 2})
    outcome_stream.finish_job(job, make_generated(), make_large_png())
    try:
        async with discord_channel.connect_gateway() as client:
            await deliver_outcome(
                make_consumer(client, outcome_stream, catalogue),
                outcome_stream,
                job,
            )
    finally:
        await discord_channel.call_control("PATCH", "guild", {"premium_tier": 0})
    (file,) = await discord_channel.list_files(*await discord_channel.list_messages(job.origin.message_id))
    assert file["size"] == len(make_large_png())
    assert file["filename"].endswith(".png")


@pytest.mark.parametrize("side", list(FilteredPart))
@pytest.mark.parametrize("locale", ["en-US", "fr"])
async def test_a_filtered_job_gets_a_notice_without_picture_or_prompt(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    consumer: OutcomeConsumer,
    side: FilteredPart,
    locale: str,
) -> None:
    job = await discord_channel.submit_job(locale=locale)
    outcome_stream.finish_job(job, Filtered(part=side, duration_seconds=2), None)
    await deliver_outcome(consumer, outcome_stream, job)
    (posted,) = await discord_channel.list_messages(job.origin.message_id)
    assert await discord_channel.list_files(posted) == []
    assert load_messages(locale).text(f"filtered.{side.name.lower()}") in read_text(posted)
    is_withheld = load_messages(locale).text("filtered.title") in read_text(posted)
    assert is_withheld == (side is FilteredPart.OUTPUT), "only what was generated can be withheld"
    first_action = list_custom_ids(posted)[0].split(":")[0]
    assert first_action == ("regenerate" if side is FilteredPart.OUTPUT else "edit"), (
        "a refused prompt is refused again"
    )
    assert PROMPT not in read_text(posted)
    assert (await discord_channel.read_status(job)).startswith(load_messages(locale).text("status.filtered", where="["))
    assert await discord_channel.read_thread_name(job) == load_messages(locale).text("thread.without_picture")


@pytest.mark.parametrize(("model", "name"), [("fast-upscale", "Upscaled picture"), ("erase-object", "Edited picture")])
async def test_the_thread_of_a_picture_without_words_says_how_it_was_made(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer, model: str, name: str
) -> None:
    submitted = await discord_channel.submit_job()
    request = Request(model=model, text_prompts=(), has_picture=True)
    job = submitted.model_copy(update={"request": request, "seed": None})
    outcome_stream.finish_job(job, make_generated(), make_png())

    await deliver_outcome(consumer, outcome_stream, job)

    assert await discord_channel.read_thread_name(job) == name


async def test_a_failed_job_gets_an_explanation_in_the_requesters_language(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job(locale="fr")
    outcome_stream.finish_job(job, Failed(problem=make_problem("deadline", limit=60)))
    await deliver_outcome(consumer, outcome_stream, job)
    (posted,) = await discord_channel.list_messages(job.origin.message_id)
    assert (
        "Aucune réponse complète n'est arrivée en 60\u00a0s, il n'y a donc pas d'image. Réessaie plus tard."
        in read_text(posted)
    )
    assert (await discord_channel.read_status(job)).startswith("Pas d'image cette fois\u00a0:")


async def test_a_picture_that_is_no_longer_stored_is_reported_as_missing(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.finish_job(job, make_generated(42), None)
    await deliver_outcome(consumer, outcome_stream, job)
    (posted,) = await discord_channel.list_messages(job.origin.message_id)
    assert "the seed 42" in read_text(posted)
