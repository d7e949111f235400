"""Rows of a bot that has served for a year: a million jobs, and all that belongs to them, the same at each run.

Of 1,000 servers two have a fifth of the jobs each, the others a share that falls with their rank, and so it is with the
members of each. One person has a fifth of all jobs. Rows are written in the order of time, as a bot writes them.
"""

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Table, insert

from bot.storage import tables
from tests.support.builders import NOON, make_job_by

GUILDS = 1000
BIG_GUILD, HEAVY_GUILD = 1, 2
HEAVY_USER = 500_000_000_000_000_001
"""A person with a fifth of all jobs, three quarters of them in `HEAVY_GUILD`."""
CHANNELS_OF_GUILD = 40
COMMON_WORD, RARE_WORD = "castle", "zyzzyva"
"""Words of one prompt in 30, and of one in 1,000."""
RARE_LETTERS = RARE_WORD[:2]
"""They occur in that word alone."""
YEAR_SECONDS = 365 * 86400.0
MODELS = ("sd3.5-large", "sd3.5-large", "sd3.5-large", "stable-image-ultra", "stable-image-core", "sdxl")
RARE_MODEL = "stable-image-core"
_WORDS = 4000
_PROMPT_WORDS = 12
_CHUNK = 5000
_SYLLABLES = [first + second for first in "bdfgjklmnprstvwx" for second in "aeiou"]

T = TypeVar("T")


def get_channels(guild_id: int) -> list[int]:
    """Return the channels of a server."""
    return [guild_id * 1000 + number for number in range(CHANNELS_OF_GUILD)]


@dataclass
class MillionRows:
    """The rows of `jobs` jobs."""

    jobs: int
    now: float = NOON
    _rng: random.Random = field(default_factory=lambda: random.Random(20261130))

    @cached_property
    def viral_job_id(self) -> str:
        """The id of a job from which many others start: of a million, about 2,500."""
        return self._make_id(self.jobs // 100)

    @property
    def frequent_word(self) -> str:
        """The word of every other prompt."""
        return next(_make_words(1))

    def write(self, connection: Connection) -> None:
        """Write all rows into a migrated database."""
        for chunk in _split(self._make_jobs()):
            for table, part in chunk.items():
                _write_rows(connection, table, part)
        for table, rows in self._make_others().items():
            for part in _batch(rows):
                _write_rows(connection, table, part)

    def _make_id(self, number: int) -> str:
        return str(1_300_000_000_000_000_000 + number * 1000)

    def _get_time(self, number: int) -> float:
        return self.now - YEAR_SECONDS * (1 - number / self.jobs)

    def _choose(self, number: int) -> tuple[int, int]:
        """Choose the server and the person of a job."""
        rng = self._rng
        kind = number % 5
        if kind == 0:
            guild_id = HEAVY_GUILD if rng.random() < 0.75 else BIG_GUILD
            return guild_id, HEAVY_USER
        if kind == 1:
            guild_id = BIG_GUILD
        elif kind == 2 and rng.random() < 0.25:
            guild_id = HEAVY_GUILD
        else:
            guild_id = 3 + int((GUILDS - 2) * rng.random() ** 3)
        members = 3000 if guild_id <= HEAVY_GUILD else 100
        return guild_id, HEAVY_USER + guild_id * 10_000 + 1 + int(members * rng.random() ** 3)

    def _make_jobs(self) -> Iterator[dict[Table, dict[str, Any]]]:
        rng = self._rng
        words = [*_make_words(_WORDS)]
        words[20], words[-1] = COMMON_WORD, RARE_WORD
        template = make_job_by(1, prompt="@prompt@", user_id=7777777).model_dump_json()
        last_of_user: dict[int, str] = {}
        for number in range(self.jobs):
            job_id, at = self._make_id(number), self._get_time(number)
            guild_id, user_id = self._choose(number)
            channel_id = guild_id * 1000 + int(CHANNELS_OF_GUILD * rng.random() ** 2)
            prompt = " ".join(words[int(_WORDS * rng.random() ** 3)] for _ in range(_PROMPT_WORDS))
            model = rng.choice(MODELS[:-1] if rng.random() < 0.99 else MODELS)
            parent = last_of_user.get(user_id) if rng.random() < 0.3 else None
            if number > self.jobs // 100 and guild_id == BIG_GUILD and number % 97 == 1:
                parent = self.viral_job_id
            last_of_user[user_id] = job_id
            text = (
                template.replace("@prompt@", prompt)
                .replace("1300000000000000001", job_id)
                .replace("7777777", str(user_id))
                .replace('"guild_id":1,"channel_id":2', f'"guild_id":{guild_id},"channel_id":{channel_id}')
                .replace('"accepted_at":1800000001.0,"parent_id":null', f'"accepted_at":{at},"parent_id":null')
                .replace("sd3.5-large", model)
            )
            fate = rng.random()
            is_generated = fate < 0.95
            row = {
                "id": job_id,
                "parent_id": parent,
                "job_json": text,
                "model": model,
                "requester_id": user_id,
                "guild_id": guild_id,
                "channel_id": channel_id,
                "status_message_id": int(job_id) + 1,
                "thread_id": int(job_id) + 1,
                "state": "delivered",
                "source_sha256": f"{number // 3:064x}" if number % 2 else None,
                "accepted_at": at,
                "finished_at": at + 9,
                "delivered_at": at + 10,
                "outcome_channel_id": int(job_id) + 1 if number % 4 else channel_id,
                "outcome_message_id": int(job_id) + 2,
                "search_text": prompt,
                "deleted_at": at + 60 if fate < 0.02 else None,
            }
            outcome = {
                "job_id": job_id,
                "kind": "generated" if is_generated else "failed",
                "seed": number,
                "problem_code": None if is_generated else ("cancelled" if fate < 0.98 else "busy"),
                "duration_seconds": 7.5,
                "cost_usd": 0.08,
            }
            yield {
                tables.jobs: row,
                tables.outcomes: outcome,
                tables.queue_entries: {
                    "job_id": job_id,
                    "entry_number": 1,
                    "queued_at": at,
                    "claims": 2,
                    "calls": 1,
                    "unknown_calls": 0,
                },
                tables.result_hashes: {"job_id": job_id, "sha256": f"{number:064x}", "kind": "result"},
            }

    def _make_others(self) -> dict[Table, Iterable[dict[str, Any]]]:
        return {
            tables.ledger_entries: self._make_ledger(),
            tables.favourites: self._make_favourites(),
            tables.gallery_posts: self._make_posts(),
            tables.contests: self._make_contests(),
            tables.round_entries: self._make_entries(),
            tables.batches: self._make_batches(),
            tables.batch_items: self._make_items(),
            tables.audit_entries: self._make_audit(),
            tables.explorations: self._make_explorations(),
        }

    def _iterate_owners(self, seed: int, count: int) -> Iterator[tuple[int, int, int]]:
        """Yield the numbers of distinct jobs in ascending order, with a server and a person each."""
        rng = random.Random(seed)
        step = max(1, self.jobs // count)
        for number in range(0, self.jobs - step, step):
            chosen = number + rng.randrange(step)
            guild_id = BIG_GUILD if chosen % 5 == 1 else HEAVY_GUILD
            yield chosen, guild_id, HEAVY_USER + guild_id * 10_000 + 1 + int(3000 * rng.random() ** 3)

    def _make_ledger(self) -> Iterator[dict[str, Any]]:
        rng = random.Random(3)
        self._rng = random.Random(20261130)
        for number in range(self.jobs):
            guild_id, user_id = self._choose(number)
            at = self._get_time(number)
            common = {
                "job_id": self._make_id(number),
                "guild_id": guild_id,
                "channel_id": guild_id * 1000 + int(CHANNELS_OF_GUILD * rng.random() ** 2),
                "user_id": user_id,
                "model": "sd3.5-large",
                "counted_at": at,
                "created_at": at,
            }
            yield common | {"kind": "reservation", "reserved": 80_000, "spent": 0, "calls": 0}
            yield common | {"kind": "settlement", "reserved": -80_000, "spent": 80_000, "calls": 1}

    def _make_favourites(self) -> Iterator[dict[str, Any]]:
        for number, _, user_id in self._iterate_owners(4, self.jobs // 4):
            marked = {"job_id": self._make_id(number), "created_at": self._get_time(number) + 100}
            yield marked | {"user_id": HEAVY_USER if number % 3 else user_id}
            if number % 11 == 0:
                for other in range(1, 2 + number % 40):
                    yield marked | {"user_id": user_id + 10_000_000 + other}

    def _make_posts(self) -> Iterator[dict[str, Any]]:
        for number, guild_id, _ in self._iterate_owners(5, self.jobs // 50):
            at = self._get_time(number) + 200
            yield {
                "job_id": self._make_id(number),
                "guild_id": guild_id,
                "reason": "favourites",
                "state": "posted",
                "created_at": at,
                "version": 1,
                "failures": 0,
                "channel_id": guild_id * 1000,
                "message_id": number + 1,
            }

    def _make_contests(self) -> Iterator[dict[str, Any]]:
        for number in range(max(2, self.jobs // 500)):
            guild_id = BIG_GUILD if number % 2 else HEAVY_GUILD
            at = self.now - YEAR_SECONDS + number * 15_000
            yield {
                "id": f"c{number}",
                "guild_id": guild_id,
                "channel_id": guild_id * 1000,
                "thread_id": 10**12 + number,
                "host_id": HEAVY_USER,
                "locale": "en-US",
                "settings": "{}",
                "created_at": at,
                "round_started_at": at,
                "phase": "ended",
                "round_number": 1,
                "version": 1,
                "turn_number": 0,
                "is_reminded": False,
                "last_sequence": 1,
            }

    def _make_entries(self) -> Iterator[dict[str, Any]]:
        contests = max(2, self.jobs // 500)
        for position, (number, _, user_id) in enumerate(self._iterate_owners(6, self.jobs // 25)):
            yield {
                "job_id": self._make_id(number),
                "contest_id": f"c{position * contests * 25 // self.jobs % contests}",
                "round_number": 1,
                "author_id": user_id if number % 3 else HEAVY_USER,
                "created_at": self._get_time(number),
                "state": "entered",
                "price": 80_000,
                "number": position % 20 + 1,
                "points": position % 7,
                "ballots": 3,
                "is_winner": position % 20 == 0,
                "reason": "",
            }

    def _make_batches(self) -> Iterator[dict[str, Any]]:
        for number in range(max(1, self.jobs // 2000)):
            at = self.now - YEAR_SECONDS + number * 60_000
            yield {
                "id": f"b{number}",
                "guild_id": HEAVY_GUILD,
                "channel_id": HEAVY_GUILD * 1000,
                "requester_id": HEAVY_USER if number % 5 == 0 else HEAVY_USER + 20_000 + number % 300,
                "requester_json": "{}",
                "spender_json": "{}",
                "brief_json": "{}",
                "priority": "normal",
                "pings": False,
                "file_pattern": "{number}",
                "state": "done",
                "approval_note": "",
                "approval_is_drawn": True,
                "created_at": at,
                "ended_at": at + 3600,
                "version": 1,
                "drawn_version": 1,
                "board_attempt": 0,
            }

    def _make_items(self) -> Iterator[dict[str, Any]]:
        for number in range(max(1, self.jobs // 2000)):
            for item in range(100):
                yield {
                    "batch_id": f"b{number}",
                    "number": item + 1,
                    "row_number": item + 1,
                    "name": f"row {item}",
                    "request_json": "{}",
                    "note": "",
                    "state": "generated",
                    "attempt": 1,
                    "job_id": f"b{number}-{item:03}",
                    "price": 80_000,
                    "cost": 80_000,
                    "review": "accepted",
                    "review_note": "",
                }

    def _make_audit(self) -> Iterator[dict[str, Any]]:
        for number, guild_id, user_id in self._iterate_owners(7, self.jobs // 20):
            at = self._get_time(number)
            entry = {"guild_id": guild_id, "actor_id": user_id, "action": "block", "created_at": at}
            yield entry | {"target_id": HEAVY_USER if number % 9 == 0 else user_id + 1, "reason": "spam"}

    def _make_explorations(self) -> Iterator[dict[str, Any]]:
        for number, _, user_id in self._iterate_owners(8, self.jobs // 20):
            at = self._get_time(number)
            yield {
                "id": f"9{number}",
                "exploration_json": "{}",
                "channel_id": 1,
                "message_id": number,
                "requester_id": HEAVY_USER if number % 5 == 0 else user_id,
                "created_at": at,
                "ended_at": at + 60,
            }


def _make_words(count: int) -> Iterator[str]:
    rng = random.Random(1)
    seen: set[str] = set()
    while len(seen) < count:
        word = "".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4)))
        if word not in seen:
            seen.add(word)
            yield word


def _batch(rows: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(rows)
    while part := list(itertools.islice(iterator, _CHUNK)):
        yield part


def _split(rows: Iterable[Mapping[Table, dict[str, Any]]]) -> Iterator[dict[Table, list[dict[str, Any]]]]:
    """Turn rows of several tables, given together, into chunks of rows of each table."""
    for part in _batch(rows):
        yield {table: [row[table] for row in part] for table in part[0]}


def _write_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if connection.dialect.name == "postgresql":
        names = list(rows[0])
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        with raw.cursor().copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])
    else:
        connection.execute(insert(table), rows)
