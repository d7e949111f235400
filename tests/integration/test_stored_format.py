"""The bot and the worker check the format of Redis and of the database when they start."""

import subprocess
import sys
from pathlib import Path

import pytest
import redis

from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.stored_format import check_redis_format as check_for_bot
from bot.storage.engine import parse_database_url
from bot.storage.migrate import migrate_database
from demo.processes import ROOT, build_clean_environment
from shared.queue.keys import DEFAULT_KEYS
from shared.stored_format import CURRENT_FORMAT, UnsupportedFormatError
from tests.support.database import execute_sql
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.stored_format import check_redis_format as check_for_worker

COMMANDS = {
    "the bot": ("bot",),
    "the worker": ("worker",),
    "the worker's dead letters": ("worker", "dead-letters", "list"),
}


def run_command(arguments: tuple[str, ...], folder: Path, redis_url: str) -> subprocess.CompletedProcess[str]:
    environment = build_clean_environment() | {
        "PYTHONPATH": str(ROOT),
        "REDIS_URL": redis_url,
        "DATABASE_URL": f"sqlite:///{folder}/records.db",
        "DISCORD_TOKEN": "demo-token",
        "DISCORD_API_URL": "http://127.0.0.1:1/api/v10",
        "AWS_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": "AKIADEMODEMODEMODEMO",
        "AWS_SECRET_ACCESS_KEY": "demo-secret-access-key",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_newer_format_in_redis_is_refused_in_words_and_nothing_is_changed(
    command: str, redis_url: str, tmp_path: Path
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(DEFAULT_KEYS.format, "2.0")
        before = sorted(client.scan_iter("*"))

        refused = run_command(COMMANDS[command], tmp_path, redis_url)

        assert refused.returncode == 2
        assert "Redis has the format 2.0 of a newer release." in refused.stderr
        assert "Traceback" not in refused.stderr
        assert sorted(client.scan_iter("*")) == before
        assert client.get(DEFAULT_KEYS.format) == b"2.0"
    assert not (tmp_path / "records.db").exists()


def test_a_newer_format_in_the_database_is_refused_in_words_by_the_bot(redis_url: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    migrate_database(parse_database_url(url))
    execute_sql(url, "UPDATE stored_format SET format = '2.0'")

    refused = run_command(("bot",), tmp_path, redis_url)

    assert refused.returncode == 2
    assert "The database has the format 2.0 of a newer release." in refused.stderr
    assert "Traceback" not in refused.stderr


async def test_bot_and_worker_store_their_format_and_keep_a_newer_one_that_they_read(redis_url: str) -> None:
    with connect_worker(redis_url) as client:
        bot_client = connect_bot(redis_url)
        for stored, expected in ((None, str(CURRENT_FORMAT)), ("1.999", "1.999")):
            for is_bot in (True, False):
                client.flushdb()
                if stored:
                    client.set(DEFAULT_KEYS.format, stored)
                if is_bot:
                    await check_for_bot(bot_client)
                else:
                    check_for_worker(client)
                assert client.get(DEFAULT_KEYS.format) == expected.encode()
        client.set(DEFAULT_KEYS.format, b"\xff")
        with pytest.raises(UnsupportedFormatError, match="no number"):
            check_for_worker(client)
        await bot_client.aclose()
