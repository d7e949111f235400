"""History, queue, favourites, export and data deletion, end to end."""

import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from PIL import Image

from demo.http_client import download_bytes
from demo.stack import Stack
from tests.support.bot_processes import wait_until_queued
from tests.support.message_text import read_text
from tests.support.suspended_worker import suspend_worker
from tests.support.user import DiscordUser, add_user, list_custom_ids, list_media, wait_until


@pytest.fixture
def grace(stack: Stack) -> DiscordUser:
    """A user without any requests."""
    return add_user(stack, "grace-")[0]


def invoke_and_wait(user: DiscordUser, name: str, **options: Any) -> dict[str, Any]:
    """Use a command and wait for its response."""
    body = {"user": user.name, "channel_id": user.stack.channel_id, "name": name, "options": options}
    return wait_for_answer(user, user.post("/control/invoke", body)["interaction_id"])


def submit_and_wait(user: DiscordUser, prompt: str, **options: Any) -> str:
    """Use /imagine and wait until the request is in the queue, so that those of later calls come after it there."""
    job = user.submit_imagine(prompt, **options)
    wait_until_queued(user.stack, job)
    return job


def wait_for_answer(user: DiscordUser, interaction: str) -> dict[str, Any]:
    """Wait for a response that is no longer loading."""

    def look() -> dict[str, Any] | None:
        state = user.get(f"/control/interactions/{interaction}")
        replies = [*state.get("followups", []), state.get("message")]
        return next((m for m in replies if m and not m.get("deleted") and not m["flags"] & 128), None)

    return wait_until(look, f"a response to interaction {interaction}")


def choose_job(user: DiscordUser, message: dict[str, Any], job: str) -> dict[str, Any]:
    body = {"user": user.name, "message_id": message["id"], "custom_id": "show_result", "values": [job]}
    return wait_for_answer(user, user.post("/control/press", body)["interaction_id"])


def find_image(message: dict[str, Any]) -> Image.Image:
    (item,) = list_media(message)
    return Image.open(io.BytesIO(download_bytes(item["media"]["url"])))


def autocomplete_jobs(user: DiscordUser, typed: str) -> list[dict[str, Any]]:
    body = {"user": user.name, "channel_id": user.stack.channel_id, "name": "show", "focused": "result"}
    choices: list[dict[str, Any]] = user.post("/control/autocomplete", body | {"options": {"result": typed}})["choices"]
    return choices


def test_past_results_can_be_searched_and_shown_in_private(grace: DiscordUser) -> None:
    jobs = [grace.submit_imagine(f"a castle number {n}") for n in range(2)]
    answers = [grace.wait_for_result(job) for job in jobs]

    page = invoke_and_wait(grace, "history", words="CASTLE")
    shown = choose_job(grace, page, jobs[0])

    assert page["flags"] & 64
    assert "2 found" in read_text(page)
    assert find_image(page).width > 1024
    assert "a castle number 0" in list_media(page)[0]["description"]
    assert shown["flags"] & 64
    assert find_image(shown).tobytes() == find_image(answers[0]).tobytes()
    assert f"regenerate:{jobs[0]}" in list_custom_ids(shown)
    assert "Nothing found" in read_text(invoke_and_wait(grace, "history", words="dragon"))


def test_a_corrupt_thumbnail_is_left_out_of_its_page(grace: DiscordUser, stack: Stack) -> None:
    broken, whole = [submit_and_wait(grace, f"a mill number {n}") for n in range(2)]
    for job in (broken, whole):
        grace.wait_for_result(job)
    before = find_image(invoke_and_wait(grace, "history", words="mill"))

    with closing(sqlite3.connect(stack.environment["DATABASE_URL"].removeprefix("sqlite:///"))) as records, records:
        records.execute("UPDATE thumbnails SET jpeg = substr(jpeg, 1, 900) WHERE job_id = ?", (broken,))
    after = find_image(invoke_and_wait(grace, "history", words="mill"))

    middle, block = (
        before.width // 2,
        16,
    )  # JPEG's blocks: a change in one cell affects the background this far around it
    left, right = (0, 0, middle - block, before.height), (middle, 0, *before.size)
    assert after.crop(left).tobytes() == before.crop(left).tobytes()
    assert after.crop(right).tobytes() != before.crop(right).tobytes()
    assert f"job {broken}: its thumbnail is corrupt" in stack.processes["bot"].log.read_text()


def test_a_result_deleted_in_discord_is_shown_as_gone_with_its_settings(grace: DiscordUser, ada: DiscordUser) -> None:
    job = grace.submit_imagine("a lighthouse", keep=40)
    answer = grace.wait_for_result(job)
    (offered,) = autocomplete_jobs(grace, "light")

    grace.delete(f"/control/messages/{answer['id']}")
    gone = invoke_and_wait(grace, "show", result="lighthouse")

    assert offered["value"] == job
    assert offered["name"].startswith("a lighthouse · ")
    assert "The picture is gone" in read_text(gone)
    assert "40%" in read_text(gone)
    assert list_media(gone) == []
    assert f"regenerate:{job}" in list_custom_ids(gone)
    assert "I couldn't find that picture" in read_text(invoke_and_wait(grace, "show", result="1300000000000000000"))
    assert "Only the person who asked" in read_text(invoke_and_wait(ada, "show", result=job, public=True))


def test_a_result_deleted_by_the_user_is_shown_without_a_delete_button(grace: DiscordUser) -> None:
    job = grace.submit_imagine("a sandcastle", image=None)
    answer = grace.wait_for_result(job)
    grace.wait_until_stored(job)
    grace.press_button(grace.wait_for_private_message(grace.press_button(answer, "delete")), "delete_confirm")
    wait_until(
        lambda: answer["id"] not in [m["id"] for m in grace.list_messages(answer["channel_id"])],
        "an answer that is gone",
    )

    shown = invoke_and_wait(grace, "show", result="sandcastle")

    assert "The picture is gone" in read_text(shown)
    assert list_custom_ids(shown) == [f"regenerate:{job}", f"edit:{job}", f"details:{job}"]


def test_a_favourite_is_listed_until_it_is_removed(grace: DiscordUser, ada: DiscordUser) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a favourite castle"))

    grace.wait_for_private_text(grace.press_button(answer, "favourite"))
    marked = invoke_and_wait(grace, "favourites")
    grace.wait_for_private_text(grace.press_button(answer, "favourite"))

    assert "1 found" in read_text(marked)
    assert "a favourite castle" in read_text(marked)
    assert "Nothing here yet" in read_text(invoke_and_wait(grace, "favourites"))


def test_turning_a_page_edits_the_same_message(grace: DiscordUser) -> None:
    jobs = [submit_and_wait(grace, f"a tower number {n}", image=None) for n in range(10)]
    for job in jobs:
        grace.wait_for_result(job)
    page = invoke_and_wait(grace, "history", words="tower")

    turned = grace.press_button(page, "history_page", "2")

    def find_second_page() -> dict[str, Any] | None:
        message = grace.get(f"/control/interactions/{turned}").get("message")
        return message if message and "page 2 of 2" in read_text(message) else None

    message = wait_until(find_second_page, "the second page")
    assert message["id"] == page["id"]
    assert "a tower number 0" in read_text(message)
    assert "a tower number 1" not in read_text(message)


def find_updated_queue(user: DiscordUser, pressed: str) -> dict[str, Any] | None:
    message = user.get(f"/control/interactions/{pressed}").get("message")
    return message if message and "Cancelled, at no cost" in read_text(message) else None


def test_the_queue_lists_waiting_requests_with_cancel_buttons_and_the_servers_total(
    grace: DiscordUser, ada: DiscordUser, stack: Stack, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    assert "You have nothing in the queue" in read_text(invoke_and_wait(grace, "queue"))
    running = [grace.submit_imagine(f"a slow castle [slow:3] {n}") for n in range(2)]
    wait_until(lambda: len(list_calls()) >= 2, "two calls in flight")
    with suspend_worker(stack):
        jobs = [*running, *(submit_and_wait(grace, f"a castle {n}", image=None) for n in range(2))]
        mine, hers = invoke_and_wait(grace, "queue"), invoke_and_wait(ada, "queue")
        pressed = grace.press_button(mine, "queue_cancel", jobs[-1])
        left = wait_until(lambda: find_updated_queue(grace, pressed), "the updated queue")

    assert "You have 4 requests in the queue" in read_text(mine)
    assert "There are 4 requests in the server's queue" in read_text(mine)
    assert "As many of your requests are running as may at once" in read_text(mine)
    assert "Before it: 1 of yours." in read_text(mine)
    assert "You have nothing in the queue" in read_text(hers)
    assert left["id"] == mine["id"]
    assert f"queue_cancel:{jobs[-1]}" in list_custom_ids(mine)
    assert f"queue_cancel:{jobs[-1]}" not in list_custom_ids(left)
    assert "requests in the queue" in read_text(left)
    endings = [read_text(grace.wait_for_result(job)) for job in jobs]
    assert [("cancelled this before it started" in ending) for ending in endings] == [False, False, False, True]


def test_an_export_contains_every_job_and_all_available_images(grace: DiscordUser) -> None:
    jobs = [submit_and_wait(grace, f"an exported castle {n}") for n in range(2)]
    answers = [grace.wait_for_result(job) for job in jobs]
    grace.delete(f"/control/messages/{answers[0]['id']}")

    body = {"user": grace.name, "channel_id": grace.stack.channel_id, "name": "export", "options": {}}
    export_id = grace.post("/control/invoke", body)["interaction_id"]

    def find_finished_export() -> dict[str, Any] | None:
        state: dict[str, Any] = grace.get(f"/control/interactions/{export_id}")
        return state if "These files contain 2 requests" in str(state.get("message")) else None

    state = wait_until(find_finished_export, "the last message of the export")
    (part,) = state["followups"]
    assert part["flags"] & 64
    with zipfile.ZipFile(io.BytesIO(download_bytes(part["attachments"][0]["url"]))) as opened:
        newest, oldest = json.loads(opened.read("manifest.json"))["jobs"]
        assert opened.namelist() == [newest["picture"], "manifest.json"]
        assert opened.read(newest["picture"]) == download_bytes(list_media(answers[1])[0]["media"]["url"])
    assert (newest["job"], newest["request"]["text_prompts"][0]["text"]) == (jobs[1], "an exported castle 1")
    assert (oldest["job"], oldest["picture"], oldest["without_picture"]) == (jobs[0], None, "gone")
    assert "1 has no picture" in state["message"]["content"]


def test_a_user_can_have_one_export_at_a_time(grace: DiscordUser) -> None:
    grace.wait_for_result(grace.submit_imagine("a slowly exported castle", image=None))
    fault = {"match": {"method": "GET", "path_regex": r"/channels/\d+/messages/\d+"}, "action": "delay:3", "times": 1}
    grace.post("/control/faults", fault)
    body = {"user": grace.name, "channel_id": grace.stack.channel_id, "name": "export", "options": {}}

    first = grace.post("/control/invoke", body)["interaction_id"]
    wait_until(
        lambda: "on its way" in str(grace.get(f"/control/interactions/{first}")),
        "the first at work",
    )
    second = invoke_and_wait(grace, "export")

    assert "still on its way" in read_text(second)
    wait_until(lambda: grace.get(f"/control/interactions/{first}")["followups"], "the one part of the first")


def test_deleting_a_users_data_leaves_only_buttons_that_still_work(grace: DiscordUser, stack: Stack) -> None:
    first = grace.wait_for_result(grace.submit_imagine("an ocelot on a unicycle"))

    question = invoke_and_wait(grace, "forget-me")
    pressed = grace.press_button(question, "forget_confirm")

    def find_deletion_message() -> dict[str, Any] | None:
        message = grace.get(f"/control/interactions/{pressed}").get("message")
        return message if message and "Your data is deleted" in read_text(message) else None

    after = wait_until(find_deletion_message, "the message that the data was deleted")
    assert "1 request with its prompt and settings" in read_text(question)
    assert "1 request with its prompt and settings" in read_text(after)
    assert list_custom_ids(after) == []
    assert "Nothing is stored about you" in read_text(invoke_and_wait(grace, "forget-me"))
    assert "Nothing here yet" in read_text(invoke_and_wait(grace, "history"))
    database = Path(stack.environment["DATABASE_URL"].removeprefix("sqlite:///"))
    files = [path for path in database.parent.glob(f"{database.name}*") if b"ocelot" in path.read_bytes()]
    assert files == []
    with redis.Redis.from_url(stack.redis_url) as client:
        assert [key for key in client.scan_iter("pentimento:job:*") if b"ocelot" in client.hget(key, "job")] == []

    varied = grace.wait_for_result_in_place(grace.press_button(first, "vary", "subtle"))

    assert "an ocelot on a unicycle" in read_text(varied)


def test_other_users_results_are_found_only_in_channels_that_the_user_can_read(
    grace: DiscordUser, ada: DiscordUser, stack: Stack
) -> None:
    word = f"windmill {grace.name}"
    channels = [ada.post("/control/channels", {"name": name})["id"] for name in ("open", "closed")]
    jobs = [ada.submit_imagine(f"a {word}", image=None, channel=channel) for channel in channels]
    for job in jobs:
        ada.wait_for_result(job)
    ada.put(f"/control/permissions/{channels[1]}", {"user": grace.name, "deny": str(1 << 10)})

    found = [read_text(invoke_and_wait(user, "history", words=word, everyone=True)) for user in (ada, grace)]

    assert "2 found" in found[0]
    assert "1 found" in found[1]
    assert "a windmill" in read_text(invoke_and_wait(grace, "show", result=jobs[0]))
    assert "I couldn't find that picture" in read_text(invoke_and_wait(grace, "show", result=jobs[1]))
    assert "Nothing found" in read_text(invoke_and_wait(grace, "history", words=word))
