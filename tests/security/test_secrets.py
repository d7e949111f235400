"""A run full of failures as the documented users of Redis: it is denied nothing, and secrets that were planted in it
are nowhere where they must not be."""

import contextlib
import re
import sqlite3
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from bot.queue.drafts import DRAFT_TTL_SECONDS
from demo.first_picture import iter_message_texts
from demo.http_client import request_json
from shared.queue.keys import DEFAULT_KEYS
from tests.support.recorded_run import RecordedRun

PROMPT_WORDS = ("a castle", "a tower", "a lake", "a bridge", "evil.example")
pytestmark = pytest.mark.timeout(300)
ImageReader = Callable[[bytes], object]


def find_secrets(run: RecordedRun, text: str) -> list[str]:
    """Name the secrets that stand in a text, never showing them."""
    return sorted(name for name, secret in run.secrets.items() if secret in text)


def test_bot_and_worker_with_their_own_users_answer_everything(run: RecordedRun) -> None:
    assert set(run.results) == {
        *("slow", "hostile", "filtered", "validation", "garbage", "drop-once", "faulty", "locked out")
    }
    run.stack.check_running()


def test_redis_denies_nothing_that_they_do(run: RecordedRun) -> None:
    unneeded = {"client|setinfo", "client|maint_notifications", "client"}
    assert [entry for entry in run.denied_commands if entry["object"].lower() not in unneeded] == []


def test_there_is_something_to_search_for(run: RecordedRun) -> None:
    assert len(run.signatures) >= 2
    assert len(run.interaction_tokens) >= 20
    assert {len(secret) > 8 for secret in run.secrets.values()} == {True}
    assert len(run.images) >= 4
    logs = run.read_logs()
    assert {"bot", "worker", "bot-check", "worker-check"} <= set(logs)
    assert "DEBUG" in logs["bot"]
    assert "Traceback" in logs["bot"] + logs["worker"]


@pytest.mark.parametrize("name", ["bot", "worker", "bot-check", "worker-check"])
def test_no_log_and_no_error_message_shows_a_secret(run: RecordedRun, name: str) -> None:
    assert find_secrets(run, run.read_logs()[name]) == []
    assert not re.search(r"hm=[0-9a-f]{16}", run.read_logs()[name])


def test_no_log_shows_a_prompt_although_everything_is_logged(run: RecordedRun) -> None:
    logs = run.read_logs()

    assert "discord.http" in logs["bot"]
    assert "discord.gateway" in logs["bot"]
    for name, text in logs.items():
        if name.startswith(("bot", "worker")):
            assert [words for words in PROMPT_WORDS if words in text] == [], name


def test_no_picture_shows_a_secret(run: RecordedRun) -> None:
    for picture in run.images:
        assert find_secrets(run, picture.decode("latin-1")) == []


def test_no_message_shows_a_secret(run: RecordedRun) -> None:
    for exchange in run.exchanges:
        if exchange["method"] in {"POST", "PATCH", "PUT"}:
            assert find_secrets(run, str(exchange["body"])) == []
    state = request_json("GET", f"{run.stack.discord_url}/client/channels/{run.stack.channel_id}/messages?user=ada")
    posted = "\n".join(words for message in [*state, *run.results.values()] for words in iter_message_texts(message))
    assert find_secrets(run, posted + "\n".join(run.private_texts)) == []


def test_the_records_show_no_secret_once_the_jobs_have_ended(run: RecordedRun) -> None:
    with contextlib.closing(sqlite3.connect(run.database_path())) as records:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        names = [name for (name,) in records.execute(tables)]
        dumped = "\n".join(str(row) for name in names for row in records.execute(f'SELECT * FROM "{name}"'))  # noqa: S608

    assert run.stack.channel_id in dumped
    assert find_secrets(run, dumped) == []


def test_redis_shows_no_secret(run: RecordedRun) -> None:
    with run.redis.connect_as_admin() as admin:
        read: dict[bytes, ImageReader] = {
            b"none": lambda _: None,  # it ended meanwhile
            b"string": admin.get,
            b"hash": admin.hgetall,
            b"set": admin.smembers,
            b"list": lambda name: admin.lrange(name, 0, -1),
            b"zset": lambda name: admin.zrange(name, 0, -1),
            b"stream": admin.xrange,
        }
        seen = {name: repr(read[admin.type(name)](name)) for name in admin.scan_iter("*")}
        drafts = {
            name for name in seen if name.startswith(DEFAULT_KEYS.draft_key("").encode())
        }  # addresses, for an hour
        lives = [admin.ttl(name) for name in drafts]

    for draft in drafts:
        del seen[draft]
    assert [0 < life <= DRAFT_TTL_SECONDS for life in lives] == [True, True]
    assert len([name for name in seen if name.startswith(b"pentimento:job:")]) >= len(run.results)
    assert find_secrets(run, repr(seen)) == []


def test_nobody_is_pinged_and_no_marks_of_a_prompt_are_alive(run: RecordedRun) -> None:
    for exchange in run.exchanges:
        body: Any = exchange["body"] if isinstance(exchange["body"], dict) else {}
        data: Any = body["data"] if isinstance(body.get("data"), dict) else body
        if {"content", "components"} & set(data) and "title" not in data:  # that is a form
            assert data.get("allowed_mentions", {}).get("parse") == [], exchange["path"]
    for answer in run.results.values():
        assert answer["mention_everyone"] is False
        assert not answer["mention_roles"]
    shown = "\n".join(iter_message_texts(run.results["hostile"]))
    assert "\\@everyone" in shown
    assert not re.search(r"(?<!\\)@everyone|(?<!\\)\]\(|(?<!\\)\|\||```js|\u202e|\u2066|\u200b", shown)
    name = run.threads["hostile"]["name"]
    assert 1 <= len(name) <= 100
    assert not any(unicodedata.category(c) in {"Cc", "Cf"} for c in name)
