"""`/imagine` on the Discord stand-in: requests that become jobs."""

import asyncio
from typing import Any

import pytest

from tests.support.discord_guild import GuildClient, wait_until
from tests.support.fake_stores import FakeJobQueue

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


async def wait_until_accepted(job_queue: FakeJobQueue, interaction_id: str) -> Any:
    await wait_until(lambda: interaction_id in job_queue.jobs)
    return job_queue.jobs[interaction_id]


async def test_a_picture_and_a_prompt_become_a_job_and_no_thread_before_there_is_an_answer(
    guild: GuildClient, job_queue: FakeJobQueue
) -> None:
    interaction = await guild.invoke_imagine(prompt="a castle\n in   fog", image=PNG, keep=40)

    job = await wait_until_accepted(job_queue, interaction)
    state = await guild.wait_for_interaction(interaction, lambda s: s["message"]["content"])

    assert (job.id, job_queue.sources[job.id]) == (interaction, PNG)
    assert (job.request.has_picture, job.request.keep) == (True, 40)
    assert 1 <= job.seed <= 4294967294
    assert (str(job.requester.id), job.accepted_at) == (guild.info["users"]["ada"], 1_800_000_000.0)
    assert (str(job.origin.channel_id), str(job.origin.message_id)) == (guild.channel, state["message"]["id"])
    assert state["response_type"] == 5
    assert state["message"]["content"] == "Getting your picture ready."
    assert "thread" not in state["message"]


async def test_a_prompt_alone_becomes_a_job_without_a_source(guild: GuildClient, job_queue: FakeJobQueue) -> None:
    interaction = await guild.invoke_imagine(prompt="a castle", command="sdxl", seed=77)

    job = await wait_until_accepted(job_queue, interaction)

    assert job_queue.sources[interaction] is None
    assert (job.request.model, job.seed) == ("sdxl", 77)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"from": "latest"}, "This thread has no picture to start from yet."),
        ({"from": "original"}, "This thread has no picture to start from yet."),
        ({"from": "1574668812958040064"}, "There's no picture called “1574668812958040064” in this thread."),
        ({"from": "none", "image": PNG}, "You attached a picture and also chose one with “from”"),
    ],
)
async def test_a_source_that_does_not_exist_is_rejected(
    guild: GuildClient, job_queue: FakeJobQueue, options: dict[str, Any], problem: str
) -> None:
    answer = await guild.read_private_answer(await guild.invoke_imagine(prompt="a castle", **options))

    assert answer.startswith(problem)
    assert job_queue.jobs == {}


async def test_every_option_arrives_in_the_request(guild: GuildClient, job_queue: FakeJobQueue) -> None:
    options: dict[str, Any] = {
        "negative": "crowds",
        "mode": "STEP_SCHEDULE",
        "schedule_start": 0.7,
        "schedule_end": 0.2,
        "style": "anime",
        "steps": 20,
        "guidance": 9.5,
        "sampler": "K_EULER",
        "clip_guidance": "SLOW",
        "samples": 1,
        "fit": "pad",
        "extras": '{"x": 1}',
    }
    interaction = await guild.invoke_imagine(prompt="a castle::1.5", command="sdxl", image=PNG, user="ben", **options)

    request = (await wait_until_accepted(job_queue, interaction)).request

    assert [(p.text, p.weight) for p in request.text_prompts] == [("a castle", 1.5), ("crowds", -1)]
    assert request.explicit_options() == {
        "fit": "pad",
        "init_image_mode": "STEP_SCHEDULE",
        "step_schedule_start": 0.7,
        "step_schedule_end": 0.2,
        "cfg_scale": 9.5,
        "clip_guidance_preset": "SLOW",
        "sampler": "K_EULER",
        "samples": 1,
        "steps": 20,
        "style_preset": "anime",
        "extras": {"x": 1},
    }


async def test_the_options_of_text_to_image_arrive_in_the_request(guild: GuildClient, job_queue: FakeJobQueue) -> None:
    interaction = await guild.invoke_imagine(prompt="a castle", aspect="16:9", format="webp")

    request = (await wait_until_accepted(job_queue, interaction)).request

    assert request.explicit_options() == {"aspect_ratio": "16:9", "output_format": "webp"}


async def test_a_job_requested_in_a_thread_stays_in_that_thread(guild: GuildClient, job_queue: FakeJobQueue) -> None:
    thread = await guild.create_thread()

    interaction = await guild.invoke_imagine(prompt="a tower", channel=thread)
    job = await wait_until_accepted(job_queue, interaction)

    assert (str(job.origin.channel_id), job.origin.is_in_thread) == (thread, True)


async def test_a_connection_that_breaks_during_the_acknowledgement_loses_no_job(
    guild: GuildClient, job_queue: FakeJobQueue
) -> None:
    await guild.call_api(
        "POST", "/control/faults", {"match": {"path_regex": "/callback"}, "action": "drop_after", "times": 1}
    )

    interaction = await guild.invoke_imagine(prompt="a castle")

    await wait_until_accepted(job_queue, interaction)


async def test_the_message_id_comes_from_the_acknowledgement_itself(
    guild: GuildClient, job_queue: FakeJobQueue
) -> None:
    match = {"method": "GET", "path_regex": "/messages/@original"}
    await guild.call_api("POST", "/control/faults", {"match": match, "action": "status:400", "times": 9})

    interaction = await guild.invoke_imagine(prompt="a castle")
    job = await wait_until_accepted(job_queue, interaction)
    state = await guild.fetch_interaction(interaction)

    assert str(job.origin.message_id) == state["message"]["id"]


async def test_an_interaction_delivered_twice_is_one_job(guild: GuildClient, job_queue: FakeJobQueue) -> None:
    await guild.call_api("POST", "/control/gateway", {"op": "duplicate_interactions:1"})

    interaction = await guild.invoke_imagine(prompt="a castle")
    await wait_until_accepted(job_queue, interaction)
    state = await guild.wait_for_interaction(interaction, lambda s: s["message"]["content"])
    await asyncio.sleep(0.3)

    assert list(job_queue.jobs) == [interaction]
    assert state["followups"] == []


@pytest.mark.parametrize(
    ("options", "hinted"), [({"image": PNG}, True), ({"image": PNG, "keep": 40}, False), ({}, False)]
)
async def test_the_first_request_with_a_picture_is_told_of_keep(
    guild: GuildClient, job_queue: FakeJobQueue, options: dict[str, Any], hinted: bool
) -> None:
    interaction = await guild.invoke_imagine(prompt="a castle", **options)
    await wait_until(lambda: interaction in job_queue.jobs)

    assert ("first_keep" in [note.code for note in job_queue.jobs[interaction].notes]) is hinted
