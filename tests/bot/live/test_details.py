"""“Details”, used on messages of people on a stand-in for Discord: what the picture in them says of itself."""

import io
import json
from typing import Any

import pytest
from PIL import Image

from shared.pictures import png_with_text
from tests.bot.live.stage import Guild, MemoryQueue, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED = {"model": "sdxl", "text_prompts": [{"text": "a **castle**", "weight": 1}], "has_picture": False, "steps": 20}


def png(written: str | None = None) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return png_with_text(file.getvalue(), {} if written is None else {"pentimento": written})


def saying(request: dict[str, Any], *, job: str = "1442000000000000001", seed: Any = 77) -> bytes:
    return png(json.dumps({"job": job, "seed": seed, "request": request}))


def everything(message: dict[str, Any]) -> str:
    return json.dumps(message["components"], ensure_ascii=False)


async def details(guild: Guild, *pictures: bytes, user: str = "ada") -> dict[str, Any]:
    """Use the command on a message of ben's, and wait for what it shows."""
    files = [(f"{place}.png", data) for place, data in enumerate(pictures)]
    used = await guild.use_on(await guild.share(*files, user="ben"), "Details", user=user)
    state = await guild.until(used, lambda s: "message" in s and s["message"]["components"])
    message: dict[str, Any] = state["message"]
    return message


async def refused(guild: Guild, *files: tuple[str, bytes]) -> str:
    used = await guild.use_on(await guild.share(*files), "Details")
    state = await guild.until(used, lambda s: "message" in s and s["message"]["content"])
    return str(state["message"]["content"])


async def test_a_picture_that_anybody_posted_says_how_it_was_made_and_is_made_again(
    guild: Guild, queue: MemoryQueue
) -> None:
    shown = await details(guild, png(), saying(ASKED))

    asked = await guild.press(shown["id"], "run:0:words")
    await eventually(lambda: asked in queue.jobs)

    assert shown["flags"] & 64
    assert "a \\\\*\\\\*castle" in everything(shown), "no mark of markdown stays alive"
    assert "```\\n77\\n```" in everything(shown)
    job = queue.jobs[asked]
    assert (job.request.model, job.request.steps, job.seed, job.parent) == ("sdxl", 20, 77, None)
    assert queue.sources[asked] is None


async def test_what_started_from_a_picture_is_run_on_the_picture_that_is_there(guild: Guild, queue: MemoryQueue) -> None:
    picture = saying(ASKED | {"has_picture": True, "keep": 60})
    shown = await details(guild, picture)

    asked = await guild.press(shown["id"], "run:0:picture")
    await eventually(lambda: asked in queue.jobs)

    assert (queue.jobs[asked].request.keep, queue.sources[asked]) == (60, picture)


async def test_extras_in_a_picture_are_for_those_who_may_send_them(guild: Guild, queue: MemoryQueue) -> None:
    picture = saying(ASKED | {"extras": {"x": 1}})

    words = await guild.private_answer(await guild.press((await details(guild, picture))["id"], "run:0:words"))
    bens = await guild.press((await details(guild, picture, user="ben"))["id"], "run:0:words", user="ben")
    await eventually(lambda: bens in queue.jobs)

    assert words.startswith("“extras” was given.")
    assert list(queue.jobs) == [bens]


@pytest.mark.parametrize(
    ("request_", "seed", "words"),
    [
        (ASKED | {"steps": 2}, 77, "“steps” is 2."),
        (
            ASKED | {"text_prompts": [{"text": "x" * 3000, "weight": 1}]},
            77,
            "The prompt has a part of 3000 characters.",
        ),
        (ASKED, -1, "“seed” is -1."),
    ],
)
async def test_what_a_model_would_not_take_is_refused_in_words(
    guild: Guild, queue: MemoryQueue, request_: dict[str, Any], seed: int, words: str
) -> None:
    shown = await details(guild, saying(request_, seed=seed))

    answer = await guild.private_answer(await guild.press(shown["id"], "run:0:words"))

    assert answer.startswith(words)
    assert queue.jobs == {}


async def test_a_model_that_is_no_longer_there_has_no_button(guild: Guild) -> None:
    shown = await details(guild, saying(ASKED | {"model": "dall-e"}))

    assert "run:0" not in everything(shown)


@pytest.mark.parametrize(
    "picture",
    [
        png(),
        png("not json"),
        png('{"job": "1", "seed": 7}'),
        saying(ASKED | {"text_prompts": [{"text": "half a character: \ud800", "weight": 1}]}),
        png("[" * 100_000),
        saying(ASKED, job="[1](https://example.com)"),
        saying(ASKED, seed="1e400"),
        saying(ASKED | {"surprise": 1}),
        png()[:-20],
    ],
    ids=range(9),
)
async def test_a_picture_that_says_nothing_of_ours_is_answered_in_words(guild: Guild, picture: bytes) -> None:
    assert (await refused(guild, ("a.png", picture))).startswith("This picture does not say how it was made.")


async def test_a_message_without_a_picture_has_no_details(guild: Guild) -> None:
    assert (await refused(guild, ("a.txt", b"words"))).startswith("There is no picture in this message.")
