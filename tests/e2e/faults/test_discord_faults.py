"""Discord misbehaves under the real bot, or its people change the place while a job waits: one answer, somewhere."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import discord
import pytest
from PIL import Image

from demo.house import House, open_house
from demo.web import call, download
from tests.e2e.asker import Asker, media_of, until
from tests.e2e.faults.bots import Bots, ledger, lift_faults, meet, places, record, told

MEGABYTE = 1_000_000
RESUMED = ("reconnect", "invalid_session_resumable", "close:1001")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house of its own, as the bot is thrown out of its guild."""
    with open_house(
        tmp_path_factory.mktemp("discord-faults") / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        start=("worker",),
    ) as opened:
        bots = Bots(opened, opened.redis_url)
        bots.start()
        yield opened
        bots.end()


@pytest.fixture
def ada(house: House) -> Iterator[Asker]:
    yield Asker(house)
    lift_faults(house)


@pytest.fixture
def channel(ada: Asker) -> str:
    """A channel that a test may spoil."""
    opened: str = ada.post("/control/channels", {"name": "spoilt"})["id"]
    return opened


def connected(house: House) -> set[str]:
    sessions = call("GET", f"{house.discord_url}/control/state")["sessions"]
    return {session["id"] for session in sessions if session["connected"]}


def running(house: House, job: str) -> None:
    """Wait until the model is called, and the thread open."""
    until(lambda: ledger(house, job) == "running" and ledger(house, job, "thread"), "a call in flight")


def acknowledged(house: House, job: str) -> None:
    until(lambda: ledger(house, job) == "delivered", "the acknowledged outcome")


def deny(ada: Asker, channel: str, *permissions: str) -> None:
    bits = discord.Permissions(**dict.fromkeys(permissions, True)).value
    ada.put(f"/control/permissions/{channel}", {"deny": str(bits)})


@pytest.mark.parametrize("op", RESUMED)
def test_what_is_asked_while_the_gateway_reconnects_is_answered_once(house: House, ada: Asker, op: str) -> None:
    """The session is resumed, and Discord sends what was missed."""
    before = ada.ask("a castle [slow:1]", image=None)
    running(house, before)
    [session] = connected(house)

    ada.post("/control/gateway", {"op": op})
    during = ada.ask("a lighthouse", image=None)

    acknowledged(house, before)
    acknowledged(house, during)
    assert told(house, before, during) == [1, 1]
    assert connected(house) == {session}


def test_a_session_that_discord_ends_is_begun_anew_and_no_answer_is_lost(house: House, ada: Asker) -> None:
    before = ada.ask("a castle [slow:1]", image=None)
    running(house, before)
    old = connected(house)

    ada.post("/control/gateway", {"op": "invalid_session"})
    until(lambda: connected(house) and not connected(house) & old, "a session begun anew")
    after = ada.ask("a lighthouse", image=None)

    acknowledged(house, before)
    acknowledged(house, after)
    assert told(house, before, after) == [1, 1]


def test_a_burst_of_discords_own_faults_leads_to_one_answer(house: House, ada: Asker) -> None:
    """discord.py repeats a 500 and a 502 itself, and leaves a 503 to us; a message that was made is not made again."""
    job = ada.ask("a castle [slow:1]", image=None)
    running(house, job)

    for action in ("status:500", "status:503", "status_after:502"):
        meet(house, action, "POST", r"/channels/\d+/messages$")

    acknowledged(house, job)
    assert told(house, job) == [1]
    assert ada.get("/control/state")["faults"] == []


@pytest.mark.parametrize("via", [[True], [False], [True, False], [False, True]], ids=str)
def test_too_many_requests_whoever_says_so_leads_to_one_answer(house: House, ada: Asker, via: list[bool]) -> None:
    """discord.py waits out a 429 that came through Discord's proxy (`Via`); one of Cloudflare's it leaves to us."""
    job = ada.ask("a castle [slow:1]", image=None)
    running(house, job)

    for by_discord in via:
        meet(house, "status:429", "POST", f"/channels/{ledger(house, job, 'thread')}/messages$", via=by_discord)

    acknowledged(house, job)
    assert told(house, job) == [1]
    assert ada.get("/control/state")["faults"] == []


def test_a_connection_that_is_reset_in_the_middle_of_an_upload_leads_to_one_answer(
    house: House, ada: Asker, tmp_path: Path
) -> None:
    """Reset before the stand-in has read the megabytes of the picture; discord.py knows this error on macOS alone."""
    source = tmp_path / "noise.jpg"
    Image.effect_noise((1024, 1024), 90).convert("RGB").save(source, quality=95)
    job = ada.ask("noise [slow:1]", image=source, keep=90)
    running(house, job)

    meet(house, "drop_before", "POST", r"/channels/\d+/messages$")

    acknowledged(house, job)
    assert told(house, job) == [1]
    [picture] = media_of(ada.answer(job))
    assert len(download(picture["media"]["url"])) > MEGABYTE


def test_a_status_message_that_is_too_old_to_edit_holds_up_no_answer(house: House, ada: Asker) -> None:
    """Discord answers 429 with a long pause (code 30046), and the answer is acknowledged without the last edit."""
    job = ada.ask("a castle [slow:1]", image=None)
    running(house, job)
    thread = ledger(house, job, "thread")
    meet(house, "delay:1", "POST", f"/channels/{thread}/messages$")
    until(lambda: ledger(house, job) == "finished", "the outcome, after which the board makes no edit more")

    meet(house, "status:429", "PATCH", f"/messages/{thread}$", 99, retry_after=3600)

    acknowledged(house, job)
    assert places(house, job) == [thread]


def in_thread(ada: Asker, job: str, channel: str) -> str:
    del channel
    thread: str = ada.status(job)["thread"]["id"]
    return thread


def in_channel(ada: Asker, job: str, channel: str) -> str:
    del ada, job
    return channel


def in_private(ada: Asker, job: str, channel: str) -> str:
    del job, channel
    direct: str = next(c["id"] for c in ada.get("/control/state")["channels"] if c["type"] == 1)
    return direct


def archive(ada: Asker, channel: str, thread: str) -> None:
    del channel
    call("PATCH", f"{ada.house.discord_url}/control/channels/{thread}", {"archived": True})


def lock(ada: Asker, channel: str, thread: str) -> None:
    del channel
    call("PATCH", f"{ada.house.discord_url}/control/channels/{thread}", {"archived": True, "locked": True})


def delete_thread(ada: Asker, channel: str, thread: str) -> None:
    del channel
    call("DELETE", f"{ada.house.discord_url}/control/channels/{thread}")


def delete_status(ada: Asker, channel: str, thread: str) -> None:
    del channel
    call("DELETE", f"{ada.house.discord_url}/control/messages/{thread}")


def delete_channel(ada: Asker, channel: str, thread: str) -> None:
    del thread
    call("DELETE", f"{ada.house.discord_url}/control/channels/{channel}")


def deny_threads(ada: Asker, channel: str, thread: str) -> None:
    del thread
    deny(ada, channel, "send_messages_in_threads")


def deny_all(ada: Asker, channel: str, thread: str) -> None:
    del thread
    deny(ada, channel, "view_channel")


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (archive, in_thread),
        (delete_status, in_thread),
        (lock, in_channel),
        (delete_thread, in_channel),
        (deny_threads, in_channel),
        (delete_channel, in_private),
        (deny_all, in_private),
    ],
    ids=lambda value: value.__name__,
)
def test_when_its_place_is_spoilt_while_a_job_waits_the_answer_comes_in_the_next_best(
    house: House,
    ada: Asker,
    channel: str,
    spoil: Callable[[Asker, str, str], None],
    place: Callable[[Asker, str, str], str],
) -> None:
    job = ada.ask("a castle [slow:1]", image=None, channel=channel)
    running(house, job)
    thread = str(ledger(house, job, "thread"))

    spoil(ada, channel, thread)

    acknowledged(house, job)
    expected = thread if place is in_thread else place(ada, job, channel)
    assert places(house, job) == [expected]
    assert record(house, job) == ("delivered", int(str(ledger(house, job, "told"))))


def test_an_answer_that_no_place_takes_is_kept_and_not_tried_for_ever(house: House, ada: Asker, channel: str) -> None:
    ada.post("/control/users", {"name": "dora"})
    call("PATCH", f"{house.discord_url}/control/users/dora", {"dms_closed": True})
    dora = Asker(house, "dora")
    job = dora.ask("a castle [slow:1]", image=None, channel=channel)
    running(house, job)

    delete_channel(ada, channel, "")

    acknowledged(house, job)
    assert told(house, job) == [0]
    assert record(house, job) == ("delivered", None)
    assert ledger(house, job, "told") == ""


def test_a_bot_that_is_thrown_out_of_the_guild_ends_its_jobs_and_serves_again_when_it_is_back(
    house: House, ada: Asker
) -> None:
    job = ada.ask("a castle [slow:1]", image=None)
    running(house, job)

    ada.post("/control/guild/remove", {})

    acknowledged(house, job)
    assert places(house, job) == [in_private(ada, job, house.channel)]
    ada.post("/control/guild/add", {})
    later = ada.ask("a lighthouse", image=None)
    acknowledged(house, later)
    assert told(house, later) == [1]
    answer: dict[str, Any] = ada.answer(later)
    assert len(media_of(answer)) == 1
