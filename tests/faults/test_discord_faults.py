"""Discord fails, or users change the destination while a job runs: there is one result, somewhere."""

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import discord
import pytest
from PIL import Image

from demo.http_client import download_bytes, request_json
from demo.stack import Stack, run_stack
from tests.support.bot_processes import (
    BotProcesses,
    clear_discord_faults,
    count_results,
    inject_discord_fault,
    list_result_channels,
    read_job_field,
    read_job_record,
)
from tests.support.user import DiscordUser, list_media, wait_until

MEGABYTE = 1_000_000
RESUMED = ("reconnect", "invalid_session_resumable", "close:1001")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A separate stack, as its bot is removed from the guild."""
    with run_stack(
        tmp_path_factory.mktemp("discord-faults") / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        services=("worker",),
    ) as opened:
        bot_processes = BotProcesses(opened, opened.redis_url)
        bot_processes.start()
        yield opened
        bot_processes.stop_all()


@pytest.fixture
def ada(stack: Stack) -> Iterator[DiscordUser]:
    yield DiscordUser(stack)
    clear_discord_faults(stack)


@pytest.fixture
def channel(ada: DiscordUser) -> str:
    """A channel that the test may change or delete."""
    opened: str = ada.post("/control/channels", {"name": "changed"})["id"]
    return opened


def list_connected_sessions(stack: Stack) -> set[str]:
    sessions = request_json("GET", f"{stack.discord_url}/control/state")["sessions"]
    return {session["id"] for session in sessions if session["connected"]}


def wait_until_running(stack: Stack, job: str) -> str:
    """Wait until the model is being called. Return the id of the status message and of the thread to come."""
    wait_until(lambda: read_job_field(stack, job) == "running", "a call in flight")
    return str(DiscordUser(stack).wait_for_status(job)["id"])


def open_thread(stack: Stack, channel: str, message: str) -> None:
    """Open the thread under a message, as the bot does."""
    url = f"{stack.discord_url}/api/v10/channels/{channel}/messages/{message}/threads"
    token = stack.environment["DISCORD_TOKEN"]
    request = urllib.request.Request(  # noqa: S310 - loopback
        url, b'{"name": "a castle"}', {"Authorization": f"Bot {token}", "Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - loopback


def wait_until_acknowledged(stack: Stack, job: str) -> None:
    wait_until(lambda: read_job_field(stack, job) == "delivered", "the acknowledged outcome")


def deny_permissions(ada: DiscordUser, channel: str, *permissions: str) -> None:
    bits = discord.Permissions(**dict.fromkeys(permissions, True)).value
    ada.put(f"/control/permissions/{channel}", {"deny": str(bits)})


@pytest.mark.parametrize("op", RESUMED)
def test_a_command_used_while_the_gateway_reconnects_gets_one_result(stack: Stack, ada: DiscordUser, op: str) -> None:
    """The session is resumed, and Discord replays the missed events."""
    before = ada.submit_imagine("a castle [slow:1]", image=None)
    wait_until_running(stack, before)
    [session] = list_connected_sessions(stack)

    ada.post("/control/gateway", {"op": op})
    during = ada.submit_imagine("a lighthouse", image=None)

    wait_until_acknowledged(stack, before)
    wait_until_acknowledged(stack, during)
    assert count_results(stack, before, during) == [1, 1]
    assert list_connected_sessions(stack) == {session}


def test_an_invalidated_session_is_replaced_and_no_result_is_lost(stack: Stack, ada: DiscordUser) -> None:
    before = ada.submit_imagine("a castle [slow:1]", image=None)
    wait_until_running(stack, before)
    old = list_connected_sessions(stack)

    ada.post("/control/gateway", {"op": "invalid_session"})
    wait_until(lambda: list_connected_sessions(stack) and not list_connected_sessions(stack) & old, "a new session")
    after = ada.submit_imagine("a lighthouse", image=None)

    wait_until_acknowledged(stack, before)
    wait_until_acknowledged(stack, after)
    assert count_results(stack, before, after) == [1, 1]


def test_a_burst_of_server_errors_from_discord_leads_to_one_result(stack: Stack, ada: DiscordUser) -> None:
    """discord.py retries a 500 and a 502 itself, but not a 503; a message that was created is not created again."""
    job = ada.submit_imagine("a castle [slow:1]", image=None)
    wait_until_running(stack, job)

    for action in ("status:500", "status:503", "status_after:502"):
        inject_discord_fault(stack, action, "POST", r"/channels/\d+/messages$")

    wait_until_acknowledged(stack, job)
    assert count_results(stack, job) == [1]
    assert ada.get("/control/state")["faults"] == []


@pytest.mark.parametrize("via", [[True], [False], [True, False], [False, True]], ids=str)
def test_a_429_of_discord_or_of_cloudflare_leads_to_one_result(stack: Stack, ada: DiscordUser, via: list[bool]) -> None:
    """discord.py waits out a 429 that came through Discord's proxy (`Via`); one of Cloudflare's is left to the bot."""
    job = ada.submit_imagine("a castle [slow:1]", image=None)
    thread = wait_until_running(stack, job)

    for by_discord in via:
        inject_discord_fault(stack, "status:429", "POST", f"/channels/{thread}/messages$", via=by_discord)

    wait_until_acknowledged(stack, job)
    assert count_results(stack, job) == [1]
    assert ada.get("/control/state")["faults"] == []


def test_a_connection_reset_in_the_middle_of_an_upload_leads_to_one_result(
    stack: Stack, ada: DiscordUser, tmp_path: Path
) -> None:
    """Reset before the stand-in has read the image; discord.py handles this error only on macOS."""
    source = tmp_path / "noise.jpg"
    Image.effect_noise((1024, 1024), 90).convert("RGB").save(source, quality=95)
    job = ada.submit_imagine("noise [slow:1]", image=source, keep=90)
    wait_until_running(stack, job)

    inject_discord_fault(stack, "drop_before", "POST", r"/channels/\d+/messages$")

    wait_until_acknowledged(stack, job)
    assert count_results(stack, job) == [1]
    [picture] = list_media(ada.wait_for_result(job))
    assert len(download_bytes(picture["media"]["url"])) > MEGABYTE


def test_a_status_message_too_old_to_edit_does_not_delay_the_result(stack: Stack, ada: DiscordUser) -> None:
    """Discord responds with 429 and a long pause (code 30046); the outcome is acknowledged without the last edit."""
    job = ada.submit_imagine("a castle [slow:1]", image=None)
    thread = wait_until_running(stack, job)
    inject_discord_fault(stack, "delay:1", "POST", f"/channels/{thread}/messages$")
    wait_until(
        lambda: read_job_field(stack, job) == "finished", "the outcome, after which the status message is not edited"
    )

    inject_discord_fault(stack, "status:429", "PATCH", f"/messages/{thread}$", 99, retry_after=3600)

    wait_until_acknowledged(stack, job)
    assert list_result_channels(stack, job) == [thread]


def find_in_thread(ada: DiscordUser, job: str, channel: str) -> str:
    del channel
    thread: str = ada.wait_for_status(job)["thread"]["id"]
    return thread


def find_in_channel(ada: DiscordUser, job: str, channel: str) -> str:
    del ada, job
    return channel


def find_in_direct_messages(ada: DiscordUser, job: str, channel: str) -> str:
    del job, channel
    direct: str = next(c["id"] for c in ada.get("/control/state")["channels"] if c["type"] == 1)
    return direct


def archive_thread(ada: DiscordUser, channel: str, thread: str) -> None:
    del channel
    request_json("PATCH", f"{ada.stack.discord_url}/control/channels/{thread}", {"archived": True})


def lock_thread(ada: DiscordUser, channel: str, thread: str) -> None:
    del channel
    request_json("PATCH", f"{ada.stack.discord_url}/control/channels/{thread}", {"archived": True, "locked": True})


def delete_thread(ada: DiscordUser, channel: str, thread: str) -> None:
    del channel
    request_json("DELETE", f"{ada.stack.discord_url}/control/channels/{thread}")


def delete_status(ada: DiscordUser, channel: str, thread: str) -> None:
    del channel
    request_json("DELETE", f"{ada.stack.discord_url}/control/messages/{thread}")


def delete_channel(ada: DiscordUser, channel: str, thread: str) -> None:
    del thread
    request_json("DELETE", f"{ada.stack.discord_url}/control/channels/{channel}")


def deny_thread_permissions(ada: DiscordUser, channel: str, thread: str) -> None:
    del thread
    deny_permissions(ada, channel, "send_messages_in_threads")


def deny_all_permissions(ada: DiscordUser, channel: str, thread: str) -> None:
    del thread
    deny_permissions(ada, channel, "view_channel")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (archive_thread, find_in_thread),
        (delete_status, find_in_thread),
        (lock_thread, find_in_channel),
        (delete_thread, find_in_channel),
        (deny_thread_permissions, find_in_channel),
        (delete_channel, find_in_direct_messages),
        (deny_all_permissions, find_in_direct_messages),
    ],
    ids=lambda value: value.__name__,
)
def test_if_its_destination_is_lost_while_a_job_runs_the_result_goes_to_the_next_best(
    stack: Stack,
    ada: DiscordUser,
    channel: str,
    change: Callable[[DiscordUser, str, str], None],
    place: Callable[[DiscordUser, str, str], str],
) -> None:
    job = ada.submit_imagine("a castle [slow:1]", image=None, channel=channel)
    thread = wait_until_running(stack, job)
    open_thread(stack, channel, thread)

    change(ada, channel, thread)

    wait_until_acknowledged(stack, job)
    expected = thread if place is find_in_thread else place(ada, job, channel)
    assert list_result_channels(stack, job) == [expected]
    assert read_job_record(stack, job) == ("delivered", int(str(read_job_field(stack, job, "message_id"))))


def test_a_result_that_cannot_be_posted_anywhere_is_stored_and_not_retried_forever(
    stack: Stack, ada: DiscordUser, channel: str
) -> None:
    ada.post("/control/users", {"name": "dora"})
    request_json("PATCH", f"{stack.discord_url}/control/users/dora", {"dms_closed": True})
    dora = DiscordUser(stack, "dora")
    job = dora.submit_imagine("a castle [slow:1]", image=None, channel=channel)
    wait_until_running(stack, job)

    delete_channel(ada, channel, "")

    wait_until_acknowledged(stack, job)
    assert count_results(stack, job) == [0]
    assert read_job_record(stack, job) == ("delivered", None)
    assert read_job_field(stack, job, "message_id") == ""


def test_a_bot_removed_from_the_guild_finishes_its_jobs_and_works_again_once_it_is_back(
    stack: Stack, ada: DiscordUser
) -> None:
    job = ada.submit_imagine("a castle [slow:1]", image=None)
    wait_until_running(stack, job)

    ada.post("/control/guild/remove", {})

    wait_until_acknowledged(stack, job)
    assert list_result_channels(stack, job) == [find_in_direct_messages(ada, job, stack.channel_id)]
    ada.post("/control/guild/add", {})
    later = ada.submit_imagine("a lighthouse", image=None)
    wait_until_acknowledged(stack, later)
    assert count_results(stack, later) == [1]
    answer: dict[str, Any] = ada.wait_for_result(later)
    assert len(list_media(answer)) == 1
