"""This release reads all that earlier releases stored: every value in Redis, the database, and Celery's messages."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis

from bot.domain.guild_settings import ButtonPolicy, GuildSettings
from bot.domain.owners import Owner
from bot.domain.preferences import Ping
from bot.domain.search import SearchQuery
from bot.domain.status import QueueState
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.drafts import RedisDraftStore
from bot.queue.outcomes import RedisOutcomeStream
from bot.queue.saved_searches import RedisSavedSearchStore
from bot.results.embedded_settings import parse_embedded_settings
from bot.storage.explorations import SqlExplorationStore
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.preferences import SqlPreferencesStore
from bot.storage.presets import SqlPresetStore
from bot.storage.session import Database
from demo.processes import Process
from demo.stack import run_stack
from shared.catalogue import Catalogue
from shared.problems import ACTORS, Problem
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.schema import REDIS_KEYS
from tests.compat.snapshot import DATABASE_FILE, REDIS_FILE, list_snapshots, load_database, load_redis
from tests.support.user import wait_until
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.dead_letters import DeadLetter, DeadLetterQueue

SNAPSHOTS = list_snapshots()
TRANSIENT_PATTERNS = {"incoming_picture"}
"""Keys that exist only within a transaction."""

KEYS_OF_LATER_RELEASES: dict[str, set[str]] = {
    "0.1.0": {
        *("drafted:{scope}", "drafts", "user_drafts:{user}"),
        *("paused_guilds", "parked:{scope}", "parked_guilds"),
        *("inner_tags:{stage}:{tenant}", "queued:{stage}:{model}:{tenant}", "turns:{stage}:{model}:{tenant}"),
        *("ready_turns:{stage}:{model}:{tenant}", "blocked_turns:{stage}:{scope}:{tenant}"),
        "virtual_time:{stage}:low",
        *("bots", "delivery_partitions", "followup:{job}", "identify:{bucket}"),
        *("accounts", "claimed:{stage}:{model}:{account}", "pace:{model}:{account}"),
        "disabled_model:{model}:{account}",
    }
}
"""Add the patterns of keys that came after a release, by the release."""

UNRECORDED_PATTERNS = {
    *("followup:{job}", "identify:{bucket}"),  # of several bots
    *("claimed:{stage}:{model}:{account}", "pace:{model}:{account}"),  # of several AWS accounts
    *("paused_guilds", "parked:{scope}", "parked_guilds"),  # of a server whose queue is paused: its jobs would not end
    "celery:malformed_tickets",
}
"""Keys that the scenario makes none of."""


def read_dump(snapshot: Path) -> dict[str, Any]:
    dump: dict[str, Any] = json.loads((snapshot / REDIS_FILE).read_text(encoding="utf-8"))
    return dump


def contains(value: Any, stored: Any) -> bool:
    """Tell whether a value has everything that was stored, whatever fields were added since."""
    if isinstance(value, dict) and isinstance(stored, dict):
        return all(name in value and contains(value[name], entry) for name, entry in stored.items())
    if isinstance(value, list) and isinstance(stored, list):
        return len(value) == len(stored) and all(map(contains, value, stored))
    return bool(value == stored)


def list_ids(dump: dict[str, Any], kind: str) -> list[str]:
    return [name.rpartition(":")[2] for name in dump if name.startswith(f"{DEFAULT_KEYS.prefix}{kind}:")]


@pytest.fixture(params=SNAPSHOTS, ids=lambda folder: folder.name)
def snapshot(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


@pytest.fixture
def dump(snapshot: Path, redis_url: str) -> dict[str, Any]:
    """What is in Redis, which has been loaded."""
    dump = read_dump(snapshot)
    with redis.Redis.from_url(redis_url) as client:
        load_redis(client, dump)
    return dump


def test_a_snapshot_has_every_kind_of_key(snapshot: Path) -> None:
    names = [name.removeprefix(DEFAULT_KEYS.prefix) for name in read_dump(snapshot)]
    later = KEYS_OF_LATER_RELEASES.get(snapshot.name, set())
    patterns = {key.pattern for key in REDIS_KEYS} - TRANSIENT_PATTERNS - UNRECORDED_PATTERNS - later

    missing = {
        pattern
        for pattern in patterns
        if not any(re.fullmatch(re.sub(r"\\{\w+\\}", "[^:]+", re.escape(pattern)), name) for name in names)
    }

    assert missing == set()


async def test_every_job_and_outcome_is_read(
    dump: dict[str, Any], redis_url: str, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes = RedisOutcomeStream(connect_bot(redis_url), catalogue)
    job_ids = list_ids(dump, "job")

    statuses = await outcomes.load_statuses(job_ids)
    entries = await outcomes.read_outcomes()
    await outcomes.close()

    assert {status.job.id for status in statuses} == set(job_ids)
    assert {status.state for status in statuses} == set(QueueState)
    assert {status.outcome.kind for status in statuses if status.outcome} == {"generated", "filtered", "failed"}
    assert {entry.job_id for entry in entries} == {
        status.job.id for status in statuses if status.state is QueueState.FINISHED
    }
    for status in statuses:  # nothing was lost while it was read
        stored = json.loads(dump[f"{DEFAULT_KEYS.prefix}job:{status.job.id}"]["value"]["job"])
        assert contains(status.job.model_dump(mode="json"), stored)
        if status.outcome and status.outcome.kind == "failed":
            assert status.outcome.problem.code in ACTORS
    assert "cannot be read" not in caplog.text


async def test_every_draft_search_dead_letter_and_picture_is_read(dump: dict[str, Any], redis_url: str) -> None:
    client = connect_bot(redis_url)
    drafts = [await RedisDraftStore(client).load_draft(name) for name in list_ids(dump, "draft")]
    searches = [
        await RedisSavedSearchStore(client).load_search(search_id, int(user))
        for user in list_ids(dump, "saved_searches")
        for search_id in dump[f"{DEFAULT_KEYS.prefix}saved_searches:{user}"]["value"]
    ]
    await client.aclose()
    with connect_worker(redis_url) as worker_client:
        letters = DeadLetterQueue(worker_client).list_letters()

    assert drafts
    assert None not in drafts
    assert any(draft and draft.plan for draft in drafts)
    assert searches
    assert None not in searches
    assert [type(letter) for letter in letters] == [DeadLetter]
    for name, entry in dump.items():
        if name.startswith(f"{DEFAULT_KEYS.prefix}disabled_model:"):
            assert Problem.model_validate_json(entry["value"]).code in ACTORS
    with redis.Redis.from_url(redis_url) as reader:
        for job_id in list_ids(dump, "result"):
            chunks: Any = reader.lrange(f"{DEFAULT_KEYS.prefix}result:{job_id}", 0, -1)
            settings = parse_embedded_settings(b"".join(chunks))
            assert settings is not None
            assert settings.job_id == job_id


@pytest.fixture
def database_file(snapshot: Path, tmp_path: Path) -> Path:
    load_database((snapshot / DATABASE_FILE).read_text(encoding="utf-8"), tmp_path / "records.db")
    return tmp_path / "records.db"


async def test_every_row_of_the_database_is_read(
    database_file: Path, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(database_file)) as raw:
        raw.row_factory = sqlite3.Row
        rows: dict[str, list[Any]] = {
            table: raw.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - the names are ours
            for table in ("user_preferences", "guild_settings", "presets", "explorations", "favourites", "thumbnails")
        }
        owners = raw.execute("SELECT requester_id, count(*) FROM jobs WHERE state = 'delivered' GROUP BY 1").fetchall()
        [open_count] = raw.execute("SELECT count(*) FROM jobs WHERE state IN ('accepted', 'queued')").fetchone()
        presets = raw.execute("SELECT user_id, guild_id, options FROM presets").fetchall()
    assert all(rows.values())
    database = Database(f"sqlite:///{database_file}")
    await database.migrate()

    search = SqlJobSearch(database)
    for requester_id, count in owners:
        page = await search.search_jobs(SearchQuery(requester_id), guild_id=None, channel_ids=[], limit=100)
        assert (len(page.records), page.total_count) == (count, count)
    open_records = await SqlJobStore(database, catalogue=catalogue).list_open_records()
    assert [record.is_readable for record in open_records] == [True] * open_count
    for user_id, guild_id, options in presets:
        found = await SqlPresetStore(database).list_presets(Owner(user_id, guild_id))
        assert json.loads(options) in [preset.options for preset in found]
    for row in map(dict, rows["user_preferences"]):
        preferences = await SqlPreferencesStore(database).load_preferences(row["user_id"])
        assert (preferences.language, preferences.options) == (row["language"], json.loads(row["options"]))
        assert preferences.ping is Ping(row.get("ping") or ("after_minute" if row["pings"] else "never"))
    for row in rows["guild_settings"]:
        settings = await SqlGuildSettingsStore(database).load_settings(row["guild_id"])
        assert settings == GuildSettings(ButtonPolicy(row["button_policy"]))
    explorations = SqlExplorationStore(database)
    for exploration_id, *_ in rows["explorations"]:
        exploration = await explorations.find_exploration(exploration_id)
        assert exploration is not None
        assert len(await explorations.list_variants(exploration)) == len(exploration.variant_ids)
    await database.close()
    assert "cannot be read" not in caplog.text


@pytest.mark.timeout(240)
def test_bot_and_worker_end_every_job_that_was_on_its_way(snapshot: Path, database_file: Path, tmp_path: Path) -> None:
    """Celery's messages wake the worker; Discord no longer has the channels, so results are kept in the database."""
    settings = {
        "DATABASE_URL": f"sqlite:///{database_file}",
        "LEASE_SECONDS": "3",
        "RECONCILE_INTERVAL_SECONDS": "2",
        "BEDROCK_CALL_SECONDS": "5",
    }
    with run_stack(tmp_path / "logs", bedrock_options=("--latency", "0.1"), settings=settings, services=()) as stack:
        with redis.Redis.from_url(stack.redis_url) as client:
            load_redis(client, read_dump(snapshot))
            client.delete(f"{DEFAULT_KEYS.prefix}disabled_model:sdxl")
            open_count = client.zcard(DEFAULT_KEYS.open_jobs)
            processes = [Process(name, ("-m", name), tmp_path, stack.environment) for name in ("worker", "bot")]
            try:
                wait_until(lambda: client.zcard(DEFAULT_KEYS.open_jobs) == 0, f"the end of {open_count} jobs", 200)
            finally:
                for process in processes:
                    process.stop()
            assert client.get(DEFAULT_KEYS.format) is not None
        logs = "".join(process.log.read_text() for process in processes)
    assert open_count
    assert "cannot be read" not in logs
    assert "Traceback" not in logs
    with closing(sqlite3.connect(database_file)) as raw:
        assert raw.execute("SELECT count(*) FROM jobs WHERE state IN ('accepted', 'queued')").fetchone() == (0,)
