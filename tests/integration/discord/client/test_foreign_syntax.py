"""Prompts written for other image tools, on the Discord stand-in: what has no equal is asked about in private."""

from typing import Any

import pytest

from demo.first_picture import iter_message_texts
from shared.prompts import format_prompt
from tests.support.discord_guild import GuildClient, wait_until
from tests.support.fake_stores import FakeJobQueue, FakeSubmissionStore

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


async def ask(guild: GuildClient, prompt: str, **options: Any) -> tuple[str, dict[str, Any]]:
    """Use /imagine, and return its id and the message of the question."""
    return await wait_for_question(guild, await guild.invoke_imagine(prompt=prompt, **options))


def read_text(message: dict[str, Any]) -> str:
    return "\n".join(iter_message_texts(message)).replace("\\", "")


async def wait_for_question(guild: GuildClient, used: str) -> tuple[str, dict[str, Any]]:
    state = await guild.wait_for_interaction(used, lambda state: "syntax_without" in str(state.get("message")))
    assert state["message"]["flags"] & 64, "only the requester sees it"
    return used, state["message"]


async def find_picture_url(guild: GuildClient, message: str) -> str:
    posted = await guild.call_api("GET", f"/client/channels/{guild.channel}/messages?user=ada")
    [url] = [file["url"] for found in posted if found["id"] == message for file in found["attachments"]]
    return str(url)


async def test_the_question_names_each_thing_and_the_prompt_without_them(
    guild: GuildClient, job_queue: FakeJobQueue, submission_store: FakeSubmissionStore
) -> None:
    _, question = await ask(guild, "a cat --stylize 250 <lora:foo:1> --ar 16:9")

    text = read_text(question)
    assert "“--stylize 250” does nothing here." in text
    assert "“<lora:foo:1>” needs a file that only other programs have." in text
    assert "Nothing has started yet. Without it, I'd make: “a cat”" in text
    assert "Read from the prompt: --ar 16:9" in text
    assert (job_queue.jobs, submission_store.states) == ({}, {})


async def test_a_press_goes_on_without_it_once_and_for_the_requester_alone(
    guild: GuildClient, job_queue: FakeJobQueue
) -> None:
    used, question = await ask(guild, "a cat --weird 5 --seed 7", image=PNG, keep=60)

    pressed = await guild.press_button(question["id"], f"syntax_without:{used}")
    await wait_until(lambda: job_queue.jobs)

    closed = await guild.wait_for_interaction(pressed, lambda state: "Started: " in str(state.get("message")))
    assert "syntax_without" not in str(closed["message"])
    [job] = job_queue.jobs.values()
    assert job.id == question["id"], "so a second press is the same job"
    assert (format_prompt(job.request.text_prompts), job.request.keep, job.seed) == ("a cat", 60, 7)
    assert job_queue.sources[job.id] == PNG
    assert [note.code for note in job.notes] == ["parameters_read"]


async def test_a_press_uses_the_words_as_they_are(guild: GuildClient, job_queue: FakeJobQueue) -> None:
    used, question = await ask(guild, "{red|blue} bird --weird 5")

    await guild.press_button(question["id"], f"syntax_words:{used}")

    await wait_until(lambda: job_queue.jobs)
    [part] = job_queue.jobs[question["id"]].request.text_prompts
    assert part.text == "{red|blue} bird --weird 5"


async def test_somebody_elses_question_stays_open_for_its_requester(
    guild: GuildClient, job_queue: FakeJobQueue, draft_store: Any
) -> None:
    used, question = await ask(guild, "a cat --weird 5")
    draft = draft_store.drafts[used]

    draft_store.drafts[used] = draft.__class__(user_id=1, images=(), answers=draft.answers)
    refused = await guild.press_button(question["id"], f"syntax_without:{used}")

    assert "isn't open to you any more" in await guild.read_private_answer(refused)
    assert used in draft_store.drafts
    assert job_queue.jobs == {}


async def test_a_link_to_a_picture_on_discord_is_the_source(guild: GuildClient, job_queue: FakeJobQueue) -> None:
    url = await find_picture_url(guild, await guild.post_files(("me.png", PNG)))

    used = await guild.invoke_imagine(prompt=f"{url} as a clay figure --iw 2")

    await wait_until(lambda: used in job_queue.jobs)
    job = job_queue.jobs[used]
    assert job_queue.sources[used] == PNG
    assert (format_prompt(job.request.text_prompts), job.request.keep) == ("as a clay figure", 62)
    assert [note.code for note in job.notes] == ["parameters_read", "link_used"]


async def test_a_link_beside_an_attached_picture_and_links_to_elsewhere_are_asked_about(
    guild: GuildClient, job_queue: FakeJobQueue
) -> None:
    url = await find_picture_url(guild, await guild.post_files(("me.png", PNG)))

    _, beside = await ask(guild, f"{url} as clay", image=PNG)
    _, elsewhere = await ask(guild, "https://example.org/a.png as clay")

    assert "isn't used: a request starts from one picture" in read_text(beside)
    assert "I only read files that are uploaded to Discord" in read_text(elsewhere)
    assert job_queue.jobs == {}


async def test_the_form_of_reimagine_reads_prompts_too(guild: GuildClient, job_queue: FakeJobQueue) -> None:
    message = await guild.post_files(("me.png", PNG))

    opened = await guild.invoke_message_command(message, "Reimagine")
    accepted = await guild.submit_modal(opened, prompt="a castle --no fog")
    await wait_until(lambda: accepted in job_queue.jobs)
    opened = await guild.invoke_message_command(message, "Reimagine")
    asked, question = await wait_for_question(guild, await guild.submit_modal(opened, prompt="a castle --tile"))
    reopened = await guild.press_button(question["id"], f"reimagine_reopen:{asked}")
    form = await guild.wait_for_interaction(reopened, lambda state: "modal" in state)
    pressed = question["id"]
    await guild.press_button(question["id"], f"syntax_without:{asked}")
    await wait_until(lambda: pressed in job_queue.jobs)

    assert form["modal"]["components"][0]["component"]["value"] == "a castle --tile"
    assert format_prompt(job_queue.jobs[accepted].request.text_prompts) == "a castle | fog::-1"
    assert format_prompt(job_queue.jobs[pressed].request.text_prompts) == "a castle"
    assert job_queue.sources[pressed] == PNG
