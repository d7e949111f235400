"""Secrets that were planted in a run full of failures, searched for wherever they must not be."""

import contextlib
import re
import sqlite3
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from bot.adapters.drafts import DRAFT_SECONDS
from demo.first_picture import words_of
from demo.web import call
from shared.queue.names import draft_key
from tests.security.planted import Run

Read = Callable[[bytes], object]


def found(run: Run, text: str) -> list[str]:
    """Name the secrets that stand in a text, never showing them."""
    return sorted(name for name, secret in run.secrets.items() if secret in text)


def test_there_is_something_to_search_for(run: Run) -> None:
    assert len(run.signatures) >= 2
    assert len(run.interaction_tokens) >= 20
    assert {len(secret) > 8 for secret in run.secrets.values()} == {True}
    assert len(run.pictures) >= 4
    logs = run.logs()
    assert {"bot", "worker", "bot-check", "worker-check"} <= set(logs)
    assert "DEBUG" in logs["bot"]
    assert "Traceback" in logs["bot"] + logs["worker"]


@pytest.mark.parametrize("name", ["bot", "worker", "bot-check", "worker-check"])
def test_no_log_and_no_error_message_shows_a_secret(run: Run, name: str) -> None:
    assert found(run, run.logs()[name]) == []
    assert not re.search(r"hm=[0-9a-f]{16}", run.logs()[name])


def test_no_picture_shows_a_secret(run: Run) -> None:
    for picture in run.pictures:
        assert found(run, picture.decode("latin-1")) == []


def test_no_message_shows_a_secret(run: Run) -> None:
    for exchange in run.exchanges:
        if exchange["method"] in {"POST", "PATCH", "PUT"}:
            assert found(run, str(exchange["body"])) == []
    state = call("GET", f"{run.house.discord_url}/client/channels/{run.house.channel}/messages?user=ada")
    posted = "\n".join(words for message in [*state, *run.answers.values()] for words in words_of(message))
    assert found(run, posted + "\n".join(run.private)) == []


def test_the_records_show_no_secret_once_the_jobs_have_ended(run: Run) -> None:
    with contextlib.closing(sqlite3.connect(run.records())) as records:
        dumped = "\n".join(records.iterdump())

    assert run.house.channel in dumped
    assert found(run, dumped) == []


def test_redis_shows_no_secret(run: Run) -> None:
    with run.redis.admin() as admin:
        read: dict[bytes, Read] = {
            b"none": lambda _: None,  # it ended meanwhile
            b"string": admin.get,
            b"hash": admin.hgetall,
            b"set": admin.smembers,
            b"list": lambda name: admin.lrange(name, 0, -1),
            b"zset": lambda name: admin.zrange(name, 0, -1),
            b"stream": admin.xrange,
        }
        seen = {name: repr(read[admin.type(name)](name)) for name in admin.scan_iter("*")}
        drafts = {name for name in seen if name.startswith(draft_key("").encode())}  # addresses, for an hour
        lives = [admin.ttl(name) for name in drafts]

    for draft in drafts:
        del seen[draft]
    assert [0 < life <= DRAFT_SECONDS for life in lives] == [True]
    assert len([name for name in seen if name.startswith(b"pentimento:job:")]) >= len(run.answers)
    assert found(run, repr(seen)) == []


def test_nobody_is_pinged_and_no_marks_of_a_prompt_are_alive(run: Run) -> None:
    for exchange in run.exchanges:
        body: Any = exchange["body"] if isinstance(exchange["body"], dict) else {}
        data: Any = body["data"] if isinstance(body.get("data"), dict) else body
        if {"content", "components"} & set(data) and "title" not in data:  # that is a form
            assert data.get("allowed_mentions", {}).get("parse") == [], exchange["path"]
    for answer in run.answers.values():
        assert answer["mention_everyone"] is False
        assert not answer["mention_roles"]
    shown = "\n".join(words_of(run.answers["hostile"]))
    assert "\\@everyone" in shown
    assert not re.search(r"(?<!\\)@everyone|(?<!\\)\]\(|(?<!\\)\|\||```js|\u202e|\u2066|\u200b", shown)
    name = run.threads["hostile"]["name"]
    assert 1 <= len(name) <= 100
    assert not any(unicodedata.category(c) in {"Cc", "Cf"} for c in name)
