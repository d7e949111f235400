"""“Details” on messages of other users: the request in the metadata of their pictures."""

import io
import json
from typing import Any

import pytest
from PIL import Image

from shared.imaging.marks import embed_marks
from shared.imaging.metadata import replace_png_text
from shared.imaging.xmp import Marks
from tests.support.discord_guild import GuildClient, wait_until
from tests.support.fake_stores import FakeJobQueue
from tests.support.images import encode_image

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUEST = {"model": "sdxl", "text_prompts": [{"text": "a **castle**", "weight": 1}], "has_picture": False, "steps": 20}


def make_png(written: str | None = None) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return replace_png_text(file.getvalue(), {} if written is None else {"pentimento": written})


def make_metadata(request: dict[str, Any], *, job: str = "1442000000000000001", seed: Any = 77) -> bytes:
    return make_png(json.dumps({"job": job, "seed": seed, "request": request}))


def read_all_text(message: dict[str, Any]) -> str:
    return json.dumps(message["components"], ensure_ascii=False)


def make_marked(kind: str, request: dict[str, Any]) -> bytes:
    settings = json.dumps({"job": "1442000000000000001", "seed": 77, "request": request})
    return embed_marks(encode_image(Image.new("RGB", (8, 8), "red"), kind), Marks(settings=settings))


async def open_details(guild: GuildClient, *pictures: bytes, user: str = "ada") -> dict[str, Any]:
    """Use the command on a message of ben, and wait for the details."""
    files = [(f"{number}.png", data) for number, data in enumerate(pictures)]
    used = await guild.invoke_message_command(await guild.post_files(*files, user="ben"), "Details", user=user)
    state = await guild.wait_for_interaction(used, lambda s: "message" in s and s["message"]["components"])
    message: dict[str, Any] = state["message"]
    return message


async def expect_rejection(guild: GuildClient, *files: tuple[str, bytes]) -> str:
    used = await guild.invoke_message_command(await guild.post_files(*files), "Details")
    state = await guild.wait_for_interaction(used, lambda s: "message" in s and s["message"]["content"])
    return str(state["message"]["content"])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_details_show_the_xmp_of_every_type_of_picture(guild: GuildClient, kind: str) -> None:
    details = await open_details(guild, make_marked(kind, REQUEST))

    assert "a \\\\*\\\\*castle" in read_all_text(details)
    assert "```\\n77\\n```" in read_all_text(details)


async def test_details_show_the_metadata_of_any_picture_and_run_its_request_again(
    guild: GuildClient, job_queue: FakeJobQueue
) -> None:
    details = await open_details(guild, make_png(), make_metadata(REQUEST))

    await guild.press_button(details["id"], "metadata_run")
    await wait_until(lambda: details["id"] in job_queue.jobs)

    assert details["flags"] & 64
    assert "a \\\\*\\\\*castle" in read_all_text(details), "markdown is escaped"
    assert "```\\n77\\n```" in read_all_text(details)
    job = job_queue.jobs[details["id"]]
    assert (job.request.model, job.request.steps, job.seed, job.parent_id) == ("sdxl", 20, 77, None)
    assert job_queue.sources[job.id] is None


async def test_a_request_that_had_a_source_runs_on_the_posted_picture(
    guild: GuildClient, job_queue: FakeJobQueue
) -> None:
    picture = make_metadata(REQUEST | {"has_picture": True, "keep": 60})
    details = await open_details(guild, picture)

    await guild.press_button(details["id"], "metadata_run")
    await wait_until(lambda: details["id"] in job_queue.jobs)

    assert (job_queue.jobs[details["id"]].request.keep, job_queue.sources[details["id"]]) == (60, picture)


async def test_extras_in_metadata_run_only_for_users_who_may_use_extras(
    guild: GuildClient, job_queue: FakeJobQueue
) -> None:
    picture = make_metadata(REQUEST | {"extras": {"x": 1}})

    pressed = await guild.press_button((await open_details(guild, picture))["id"], "metadata_run")
    answer = await guild.read_followup(pressed)
    details_of_ben = await open_details(guild, picture, user="ben")
    await guild.press_button(details_of_ben["id"], "metadata_run", user="ben")
    await wait_until(lambda: details_of_ben["id"] in job_queue.jobs)

    assert answer.startswith("“extras” is for testers only.")
    assert list(job_queue.jobs) == [details_of_ben["id"]]


@pytest.mark.parametrize(
    ("request_", "seed", "problem"),
    [
        (REQUEST | {"steps": 2}, 77, "“steps” can't be 2 with"),
        (
            REQUEST | {"text_prompts": [{"text": "x" * 3000, "weight": 1}]},
            77,
            "Part of the prompt is 3000 characters long,",
        ),
        (REQUEST, -1, "“seed” can't be -1 with"),
    ],
)
async def test_a_request_in_metadata_that_the_model_rejects_is_explained(
    guild: GuildClient, job_queue: FakeJobQueue, request_: dict[str, Any], seed: int, problem: str
) -> None:
    details = await open_details(guild, make_metadata(request_, seed=seed))

    answer = await guild.read_private_answer(await guild.press_button(details["id"], "metadata_run"))

    assert answer.startswith(problem)
    assert job_queue.jobs == {}


async def test_a_field_of_another_release_in_metadata_is_ignored(guild: GuildClient) -> None:
    details = await open_details(guild, make_metadata(REQUEST | {"surprise": 1}))

    assert "metadata_run" in read_all_text(details)


async def test_metadata_of_an_unknown_model_has_no_run_button(guild: GuildClient) -> None:
    details = await open_details(guild, make_metadata(REQUEST | {"model": "dall-e"}))

    assert "metadata_run" not in read_all_text(details)


@pytest.mark.parametrize(
    "picture",
    [
        make_png(),
        make_png("not json"),
        make_png('{"job": "1", "seed": 7}'),
        make_metadata(REQUEST | {"text_prompts": [{"text": "half a character: \ud800", "weight": 1}]}),
        make_png("[" * 100_000),
        make_metadata(REQUEST, job="[1](https://example.com)"),
        make_metadata(REQUEST, seed="1e400"),
        make_png()[:-20],
    ],
    ids=range(8),
)
async def test_a_picture_without_valid_metadata_is_explained(guild: GuildClient, picture: bytes) -> None:
    assert (await expect_rejection(guild, ("a.png", picture))).startswith("This picture doesn't say how it was made")


async def test_a_message_without_a_picture_has_no_details(guild: GuildClient) -> None:
    assert (await expect_rejection(guild, ("a.txt", b"words"))).startswith("I don't see a picture in this message.")
