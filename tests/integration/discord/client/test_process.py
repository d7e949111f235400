"""`python -m bot` as its operator runs it: a real process, a real Redis, the Discord stand-in."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings
from demo.http_client import request_json
from tests.support.discord_guild import TOKEN

ROOT = Path(__file__).parents[4]
UNREACHABLE_REDIS_URL = "redis://127.0.0.1:1/0"


@pytest.fixture
def environment(discord_standin: dict[str, Any], redis_url: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    settings = {"DISCORD_TOKEN": TOKEN, "DISCORD_API_URL": discord_standin["url"] + "/api/v10", "REDIS_URL": redis_url}
    return inherited | settings | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}


def run_to_end(environment: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def start_bot(environment: dict[str, str], folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    output = folder / "log"
    with output.open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "bot"], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield process, output
    finally:
        process.kill()
        process.wait()


def wait_for_log(text: str, output: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while text not in output.read_text():
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.05)


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_bot_starts_and_stops_cleanly_on_a_signal(
    environment: dict[str, str], tmp_path: Path, name: signal.Signals
) -> None:
    with start_bot(environment | {"LOG_LEVEL": "DEBUG"}, tmp_path) as (process, output):
        wait_for_log(" in 1 guilds", output, process)
        process.send_signal(name)

        code = process.wait(40)

    log = output.read_text()
    assert code == 0, log
    assert "ready as" in log
    assert "Traceback" not in log
    assert TOKEN not in log


def test_a_token_that_is_reset_while_the_bot_runs_ends_it_with_advice(
    environment: dict[str, str], discord_standin: dict[str, Any], tmp_path: Path
) -> None:
    with start_bot(environment, tmp_path) as (process, output):
        wait_for_log("ready as", output, process)
        request_json("POST", discord_standin["url"] + "/control/gateway", {"op": "close:4004"})

        code = process.wait(40)

    log = output.read_text()
    assert code == 1, log
    assert "Discord no longer accepts DISCORD_TOKEN: it was reset while the bot was running." in log
    assert "DISCORD_API_URL" not in log
    assert "Traceback" not in log
    assert TOKEN not in log


def test_missing_and_invalid_settings_are_named_without_a_traceback(
    environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["DISCORD_TOKEN"]

    done = run_to_end(environment | {"ATTACHMENT_MAX_BYTES": "0"}, tmp_path)

    assert done.returncode == 2
    assert "DISCORD_TOKEN is missing." in done.stderr
    assert "ATTACHMENT_MAX_BYTES is wrong" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_invalid_catalogue_file_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text('default = "dall-e"', encoding="utf-8")

    done = run_to_end(environment | {"CATALOGUE_FILE": str(file)}, tmp_path)

    assert done.returncode == 2
    assert "CATALOGUE_FILE is wrong" in done.stderr
    assert "dall-e" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_invalid_addresses_end_every_command_with_advice_and_without_their_values(
    environment: dict[str, str], tmp_path: Path, command: str
) -> None:
    invalid_settings = {
        "DATABASE_URL": "not-the-token",
        "REDIS_URL": "redis://:not-the-token#1@127.0.0.1/0",
        "HTTPS_PROXY": "socks5://not-the-token:1080",
        "ATTACHMENT_HOSTS": "https://not-the-token/",
        "DISCORD_API_URL": "not-the-token:80",
        "HEARTBEAT_FILE": "/not-the-token/alive",
    }

    done = run_to_end(environment | invalid_settings, tmp_path, command)

    assert done.returncode == 2, done.stderr
    assert [name for name in invalid_settings if f"{name} is wrong: " not in done.stdout + done.stderr] == []
    assert "Traceback" not in done.stderr
    assert "not-the-token" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("invalid_settings", "problem"),
    [
        ({"DISCORD_TOKEN": "not-the-token"}, "Discord refused DISCORD_TOKEN."),
        ({"REDIS_URL": UNREACHABLE_REDIS_URL}, "Nothing listens where REDIS_URL points."),
        ({"DATABASE_URL": "sqlite:////nowhere/records.db"}, "The database cannot be opened"),
        ({"DATABASE_URL": "postgresql://ada:not-the-token@127.0.0.1:1/x"}, "The database cannot be opened"),
        ({"DISCORD_API_URL": "http://127.0.0.1:1/api/v10"}, "Discord cannot be used"),
    ],
)
def test_a_failed_start_is_explained_without_a_traceback_or_secrets(
    environment: dict[str, str], tmp_path: Path, invalid_settings: dict[str, str], problem: str
) -> None:
    done = run_to_end(environment | invalid_settings, tmp_path)

    assert done.returncode == 1, done.stderr
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert "not-the-token" not in done.stderr


def read_lines(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return the line of each finding of the doctor by its name."""
    return {line.split()[1]: line for line in done.stdout.splitlines()[:-1]}


def test_the_doctor_reports_what_works_and_prints_the_link_that_installs_the_bot(
    environment: dict[str, str], tmp_path: Path, discord_standin: dict[str, Any]
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    environment |= {"DISCORD_TOKEN": "", "DISCORD_TOKEN_FILE": "token"}

    done = run_to_end(environment, tmp_path, "doctor", "--report", "report.md")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stderr, done.stdout.splitlines()[-1]) == ("", "0 errors, 3 warnings. Nothing keeps it from its work.")
    lines = read_lines(done)
    assert "(hidden) (DISCORD_TOKEN_FILE)" in lines["setting.DISCORD_TOKEN"]
    assert f"client_id={discord_standin['application_id']}" in lines["discord.install"]
    assert "permissions=309237763072" in lines["discord.install"]
    assert "scope=bot+applications.commands" in lines["discord.install"]
    assert "It is still empty" in lines["database.schema"]
    warnings = {name for name, line in lines.items() if line.startswith("warning")}
    assert warnings == {"budget", "discord.access", "redis.memory"}
    names = ["discord.intents", "discord.sessions", "clock.discord", "clock.redis", "disk.database", "process.files"]
    assert [lines[name].startswith("ok") for name in names] == [True] * len(names)
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "client_id=(id)" in report
    assert discord_standin["application_id"] not in report


def test_discord_is_reached_through_the_proxy_unless_its_host_is_excluded(
    environment: dict[str, str], tmp_path: Path
) -> None:
    proxy = {"HTTP_PROXY": "http://127.0.0.1:1"}

    behind = read_lines(run_to_end(environment | proxy, tmp_path, "doctor"))
    excluded = read_lines(run_to_end(environment | proxy | {"NO_PROXY": "127.0.0.1"}, tmp_path, "doctor"))

    assert behind["discord.api"].startswith("error")
    assert excluded["discord.token"].startswith("ok")


def test_the_doctor_compares_the_commands_with_those_registered_at_the_start(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with start_bot(environment, tmp_path) as (process, output):
        wait_for_log(" in 1 guilds", output, process)

        lines = read_lines(run_to_end(environment, tmp_path, "check"))

    assert "They are registered with Discord." in lines["discord.commands"]
    assert "Its tables are those of this release" in lines["database.schema"]


@pytest.mark.parametrize(
    ("mistakes", "names"),
    [
        (
            {
                "DISCORD_TOKEN": "not-the-token",
                "REDIS_URL": UNREACHABLE_REDIS_URL,
                "DATABASE_URL": "postgresql://ada:not-the-token@127.0.0.1:1/x",
            },
            {"discord.token", "redis.round", "database.write"},
        ),
        ({"DATABASE_URL": "sqlite:////nowhere/records.db"}, {"database.write", "disk.database"}),
    ],
)
def test_the_doctor_names_every_service_that_cannot_be_used(
    environment: dict[str, str], tmp_path: Path, mistakes: dict[str, str], names: set[str]
) -> None:
    done = run_to_end(environment | mistakes, tmp_path, "doctor")

    assert done.returncode == 1
    assert {name for name, line in read_lines(done).items() if line.startswith("error")} == names
    assert "Traceback" not in done.stdout + done.stderr
    assert "not-the-token" not in done.stdout + done.stderr
