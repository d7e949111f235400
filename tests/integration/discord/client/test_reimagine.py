"""“Reimagine” on messages of other users."""

from typing import Any

import pytest

from tests.support.discord_guild import GuildClient, wait_until
from tests.support.fake_stores import FakeDraftStore, FakeJobQueue, FakeSubmissionStore

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
OTHER_PNG = PNG + b"\0"


def read_fields(state: dict[str, Any]) -> dict[str, Any]:
    return {part["component"]["custom_id"]: part["component"] for part in state["modal"]["components"]}


async def test_a_picture_in_any_message_becomes_a_job_through_the_form(
    guild: GuildClient, job_queue: FakeJobQueue
) -> None:
    opened = await guild.invoke_message_command(await guild.post_files(("me.png", PNG), user="ben"), "Reimagine")
    form = await guild.wait_for_interaction(opened, lambda state: "modal" in state)

    interaction = await guild.submit_modal(
        opened, prompt="a castle", negative="crowds", keep="62,5 %", model="sd3.5-large"
    )
    await wait_until(lambda: interaction in job_queue.jobs)

    assert (form["modal"]["title"], list(read_fields(form))) == (
        "Reimagine this picture",
        ["prompt", "negative", "keep", "model", "spoiler"],
    )
    chosen = [o["value"] for o in read_fields(form)["model"]["options"] if o.get("default")]
    assert (chosen, len(read_fields(form)["model"]["options"])) == (["sd3.5-large"], 1), "only those that read pictures"
    job = job_queue.jobs[interaction]
    assert job_queue.sources[interaction] == PNG
    assert (job.request.model, job.request.keep, job.request.has_picture) == ("sd3.5-large", 62.5, True)
    assert [(p.text, p.weight) for p in job.request.text_prompts] == [("a castle", 1), ("crowds", -1)]
    assert (str(job.requester.id), job.parent_id) == (guild.info["users"]["ada"], None)
    await guild.wait_for_interaction(interaction, lambda state: state["message"]["content"])


async def test_one_of_several_pictures_is_chosen_by_its_filename(guild: GuildClient, job_queue: FakeJobQueue) -> None:
    message = await guild.post_files(("one.png", PNG), ("two.png", OTHER_PNG), ("notes.txt", b"no picture"))
    opened = await guild.invoke_message_command(message, "Reimagine")
    form = await guild.wait_for_interaction(opened, lambda state: "modal" in state)

    interaction = await guild.submit_modal(opened, prompt="a castle", image=["1"])
    await wait_until(lambda: interaction in job_queue.jobs)

    assert [option["label"] for option in read_fields(form)["image"]["options"]] == ["1. one.png", "2. two.png"]
    assert job_queue.sources[interaction] == OTHER_PNG


async def test_the_form_is_in_the_users_language(guild: GuildClient) -> None:
    opened = await guild.invoke_message_command(await guild.post_files(("me.png", PNG)), "Reimagine", locale="fr")

    form = await guild.wait_for_interaction(opened, lambda state: "modal" in state)

    labels = [part["label"] for part in form["modal"]["components"]]
    assert (form["modal"]["title"], labels) == (
        "Réimaginer cette image",
        ["Prompt", "Éviter", "Garder", "Modèle", "Spoiler"],
    )


async def test_a_message_without_a_picture_is_rejected(guild: GuildClient) -> None:
    answer = await guild.read_private_answer(
        await guild.invoke_message_command(await guild.post_files(("a.txt", b"words")), "Reimagine")
    )

    assert answer.startswith("I don't see a picture in this message.")


async def test_a_picture_that_is_too_large_is_rejected_before_the_form_opens(guild: GuildClient) -> None:
    message = await guild.post_files(("me.png", PNG + b"\0" * 600_000))

    answer = await guild.read_private_answer(await guild.invoke_message_command(message, "Reimagine"))

    assert answer.startswith("That picture is 0.6 MB")


async def test_all_problems_of_the_form_are_shown_at_once(
    guild: GuildClient, job_queue: FakeJobQueue, submission_store: FakeSubmissionStore
) -> None:
    opened = await guild.invoke_message_command(await guild.post_files(("me.png", PNG)), "Reimagine")

    answer = await guild.read_private_answer(await guild.submit_modal(opened, prompt="castle::1.2.3", keep="half"))

    assert answer.splitlines()[0] == "2 things to fix:"
    assert "“keep” needs a number, and “half” isn't one." in answer
    assert (job_queue.jobs, submission_store.states) == ({}, {})


async def test_a_rejected_form_opens_again_as_it_was_filled_in(guild: GuildClient, job_queue: FakeJobQueue) -> None:
    message = await guild.post_files(("one.png", PNG), ("two.png", OTHER_PNG))
    typed: dict[str, Any] = {
        "prompt": "a castle",
        "negative": "crowds",
        "keep": "250",
        "model": ["sd3.5-large"],
        "image": ["1"],
    }
    rejected = await guild.submit_modal(await guild.invoke_message_command(message, "Reimagine"), **typed)
    explained = (await guild.wait_for_interaction(rejected, lambda state: "message" in state))["message"]

    reopened = await guild.press_button(explained["id"], f"reimagine_reopen:{rejected}")
    state = await guild.wait_for_interaction(reopened, lambda state: "modal" in state)
    accepted = await guild.submit_modal(reopened, keep="60")
    await wait_until(lambda: accepted in job_queue.jobs)

    fields = read_fields(state)
    assert [fields[name]["value"] for name in ("prompt", "negative", "keep")] == ["a castle", "crowds", "250"]
    assert "“keep” can't be 250" in state["modal"]["components"][2]["description"]
    job = job_queue.jobs[accepted]
    assert (job.request.model, job.request.keep, job_queue.sources[accepted]) == ("sd3.5-large", 60, OTHER_PNG)
    assert [part.text for part in job.request.text_prompts] == ["a castle", "crowds"]


async def test_a_form_that_was_open_for_too_long_is_rejected(
    guild: GuildClient, job_queue: FakeJobQueue, draft_store: FakeDraftStore
) -> None:
    opened = await guild.invoke_message_command(await guild.post_files(("me.png", PNG)), "Reimagine")
    await guild.wait_for_interaction(opened, lambda state: "modal" in state)
    draft_store.drafts.clear()

    answer = await guild.read_private_answer(await guild.submit_modal(opened, prompt="a castle"))

    assert answer.startswith("That form was open for more than an hour")
    assert job_queue.jobs == {}


async def test_only_the_user_who_opened_a_form_can_submit_it(
    guild: GuildClient, job_queue: FakeJobQueue, draft_store: FakeDraftStore
) -> None:
    opened = await guild.invoke_message_command(await guild.post_files(("me.png", PNG)), "Reimagine")
    await guild.wait_for_interaction(opened, lambda state: "modal" in state)
    draft = draft_store.drafts[opened]
    draft_store.drafts[opened] = type(draft)(int(guild.info["users"]["ben"]), draft.images)

    answer = await guild.read_private_answer(await guild.submit_modal(opened, prompt="a castle"))

    assert answer.startswith("That form was open for more than an hour")
    assert job_queue.jobs == {}
