"""The units for systemd: valid, hardened, with each secret for the half that needs it, and stopped with patience."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.settings import Settings as BotSettings
from shared.settings_reader import list_secret_names
from worker.settings import Settings as WorkerSettings

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "systemd"
COMMAND = FOLDER / "pentimento"
BOT, WORKER = FOLDER / "pentimento-bot.service", FOLDER / "pentimento-worker@.service"
BACKUP, BACKUP_TIMER = FOLDER / "pentimento-backup.service", FOLDER / "pentimento-backup.timer"
AWS_KEYS = FOLDER / "pentimento-worker@.service.d" / "aws-keys.conf"
PYTHON = "/opt/pentimento/.venv/bin/python"
ANALYZE = shutil.which("systemd-analyze") or ""
EXPOSURE_TENTHS = (
    20  # of 100; systemd calls up to 19 "OK", and the best that a service with a network may have is about 10
)

# Refuses memory that can be written and run, as MemoryDenyWriteExecute= does: PR_SET_MDWE of Linux 6.3 and later.
DENY_AND_SIGN = """
import ctypes, sys
import pytest
if sys.platform != "linux" or ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    sys.exit(77)
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *sys.argv[1:]]))
"""


def read_values(path: Path) -> dict[str, list[str]]:
    """Read the settings of a unit, each with all values that it is given, one after the other."""
    values: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", path.read_text(), re.MULTILINE):
        values.setdefault(name, []).append(value)
    return values


def read_variables(path: Path) -> dict[str, str]:
    pairs = " ".join(read_values(path)["Environment"]).split()
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


@pytest.mark.skipif(not ANALYZE, reason="systemd is not installed")
def test_systemd_accepts_the_units_and_finds_hardly_anything_exposed(tmp_path: Path) -> None:
    for path in (BOT, WORKER, BACKUP, BACKUP_TIMER, AWS_KEYS):
        target = tmp_path / path.relative_to(FOLDER)
        target.parent.mkdir(exist_ok=True)
        target.write_text(path.read_text().replace(PYTHON, sys.executable))
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    for name in (BOT.name, WORKER.name.replace("@", "@1"), BACKUP_TIMER.name):
        verified = subprocess.run(
            [ANALYZE, "verify", "--man=no", f"./{name}"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        # systemd exits with 0 also for a setting that it does not know
        assert (verified.returncode, verified.stderr) == (0, ""), name
    for path in (BOT, WORKER, BACKUP):
        examined = subprocess.run(
            [ANALYZE, "security", "--offline=true", f"--threshold={EXPOSURE_TENTHS}", f"./{path.name}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert examined.returncode == 0, examined.stdout + examined.stderr


def test_bot_and_worker_are_hardened_alike() -> None:
    differing = ("User", "MemoryMax", "TasksMax", "TimeoutStopSec")

    def select(path: Path, start: str = "KillSignal") -> dict[str, list[str]]:
        hardening = path.read_text().partition(start)[2].partition("[Install]")[0]
        return {name: value for name, value in read_values(path).items() if name in hardening and name not in differing}

    assert select(BOT) == select(WORKER)
    assert select(BOT)["MemoryDenyWriteExecute"] == ["yes"]
    assert select(BACKUP, "DynamicUser") == select(BOT, "DynamicUser")


def test_a_backup_is_of_the_bots_database_with_the_bots_user_and_no_secret() -> None:
    bot, backup = read_values(BOT), read_values(BACKUP)

    assert read_variables(BACKUP)["DATABASE_URL"] == read_variables(BOT)["DATABASE_URL"]
    for name in ("User", "StateDirectory", "EnvironmentFile"):
        assert backup[name] == bot[name]
    assert "LoadCredential" not in backup


def test_units_start_again_whatever_the_exit_code_and_have_as_long_to_stop_as_containers() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    for path, half in ((BOT, "bot"), (WORKER, "worker")):
        unit = read_values(path)
        assert unit["Restart"] == ["always"], "a worker that Redis refused used to end with 0"
        assert unit["RestartPreventExitStatus"] == ["2"]
        assert unit["StartLimitIntervalSec"] == ["0"]
        assert unit["KillMode"] == ["mixed"], "SIGTERM for its children would end a signature that is being made"
        assert f"{unit['TimeoutStopSec'][0]}s" == services[half]["stop_grace_period"]
        assert unit["MemoryMax"][0].lower() == services[half]["mem_limit"]
        assert int(unit["TasksMax"][0]) == services[half].get("pids_limit", 256)
    assert int(read_values(WORKER)["TimeoutStopSec"][0]) > WorkerSettings.model_fields["bedrock_call_seconds"].default


def test_each_unit_has_its_own_secrets_as_files_alone() -> None:
    loaded = {
        path: [value.partition(":") for value in read_values(path).get("LoadCredential", [])]
        for path in (BOT, WORKER, AWS_KEYS)
    }

    assert loaded[WORKER] == [], "a machine with a role has no keys"
    for path, settings in ((BOT, BotSettings), (AWS_KEYS, WorkerSettings)):
        variables = read_variables(path)
        for name, _, file in loaded[path]:
            assert name.upper() in list_secret_names(settings)
            assert file == f"/etc/pentimento/{name}"
            assert variables[f"{name.upper()}_FILE"] == f"%d/{name}"
    assert read_values(BOT)["EnvironmentFile"] == ["/etc/pentimento/bot.env"]
    assert read_values(WORKER)["EnvironmentFile"][0] == "/etc/pentimento/worker.env"


@pytest.mark.parametrize(("half", "path"), [("bot", BOT), ("worker", WORKER)], ids=["bot", "worker"])
def test_a_command_runs_with_the_user_the_settings_and_the_secrets_of_the_unit(
    tmp_path: Path, half: str, path: Path
) -> None:
    secrets, unit = tmp_path / "secrets", read_values(path)
    secrets.mkdir()
    for name in ("discord_token", "aws_access_key_id", "aws_secret_access_key"):
        (secrets / name).write_text(f"the {name}")
    # in the place of systemd-run: prints its options and runs the command, with the folder of the secrets
    (tmp_path / "systemd-run").write_text(
        "#!/bin/sh\n"
        'while [ "${1#--}" != "$1" ]; do\n'
        '    case $1 in --setenv=*) export "${1#--setenv=}" ;; esac\n'
        '    echo "$1"; shift\n'
        "done\n"
        f'CREDENTIALS_DIRECTORY={secrets} exec "$@"\n'
    )
    (tmp_path / "python").write_text('#!/bin/sh\necho "$@"\nenv | grep "^[A-Z_]*_FILE="\n')
    script = tmp_path / "pentimento"
    script.write_text(COMMAND.read_text().replace("/etc/pentimento/$secret", f"{secrets}/$secret"))
    script.write_text(script.read_text().replace(PYTHON, str(tmp_path / "python")))
    for name in ("systemd-run", "python", "pentimento"):
        (tmp_path / name).chmod(0o755)

    ran = subprocess.run(
        [script, half, "dead-letters", "list all"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    refused = subprocess.run([script, "both"], capture_output=True, text=True, check=False)

    lines = ran.stdout.splitlines()
    properties = dict(
        line.removeprefix("--property=").split("=", 1) for line in lines if line.startswith("--property=")
    )
    assert ran.returncode == 0, ran.stderr
    assert f"-m {half} dead-letters list all" in lines
    own = {"bot": ["discord_token"], "worker": ["aws_access_key_id", "aws_secret_access_key"]}[half]
    assert {line for line in lines if "_FILE=" in line and not line.startswith("--")} == {
        f"{name.upper()}_FILE={secrets}/{name}" for name in own
    }
    for name in (
        "User",
        "DynamicUser",
        "LimitNOFILE",
        "WorkingDirectory",
        "StateDirectory",
        "StateDirectoryMode",
        "CacheDirectory",
    ):
        assert properties.get(name) == unit.get(name, [None])[0], name
    assert properties["EnvironmentFile"] == unit["EnvironmentFile"][0]
    variables = read_variables(path)
    for name in ("DATABASE_URL", "TMPDIR"):
        expected = variables.get(name, "").replace("%S", "/var/lib").replace("%C", "/var/cache")
        assert (f"--setenv={name}={expected}" in lines) is bool(expected), name
    assert (refused.returncode, refused.stdout) == (2, "")


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
def test_nothing_needs_memory_that_is_written_and_run() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", DENY_AND_SIGN, "tests/unit/worker/test_signing.py", "-k", "many_threads_sign"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    if ran.returncode == 77:
        pytest.skip("this kernel is older than 6.3")
    assert ran.returncode == 0, ran.stdout + ran.stderr
