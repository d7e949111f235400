"""The command line of the bot."""

import platform
import tomllib
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.storage.engine import parse_database_url
from bot.storage.migrate import migrate_database
from shared.stored_format import CURRENT_FORMAT

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_version_prints_the_version_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    version = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["version"]

    assert main(["version"]) == 0
    release, rest = capsys.readouterr().out.splitlines()
    assert release == f"pentimento {version}, stored format {CURRENT_FORMAT}"
    assert rest.startswith(f"Python {platform.python_version()}, discord.py 2.")


def test_an_unknown_command_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["paint"])

    assert exit_info.value.code == 2
    assert "choose from" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "doctor"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_every_command_refuses_a_file_of_settings_that_is_not_utf_8(
    command: str, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("DISCORD_TOKEN=demo-token\r\n", encoding=encoding)

    assert main([command]) == 2

    captured = capsys.readouterr()
    assert ".env is not a text file in UTF-8. Save it again " in captured.out + captured.err


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_misspelt_setting_is_named_beside_the_one_that_is_missing(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    monkeypatch.setenv("DISCORD_TOKN", "s3cret")

    assert main([command]) == 2

    captured = capsys.readouterr()
    error = captured.out + captured.err
    assert "DISCORD_TOKEN is missing." in error
    assert "Did you mean DISCORD_TOKEN?" in error
    assert "s3cret" not in error


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--guild", "1", "--usd", "5"], "needs --member and --reason"),
        (["--guild", "1", "--member", "2", "--reason", "why"], "needs either --usd or --pictures"),
        (["--guild", "1", "--member", "2", "--reason", "why", "--usd", "nan"], "--usd is from -1000000 to 1000000"),
        (["--guild", "-1", "--member", "2", "--reason", "why", "--pictures", "1"], "--guild is an id of Discord"),
    ],
)
def test_an_adjustment_that_lacks_something_is_an_error(
    options: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "demo-token")

    with pytest.raises(SystemExit) as exit_info:
        main(["ledger", "adjust", *options])

    assert exit_info.value.code == 2
    assert said in capsys.readouterr().err


def test_backup_and_restore_need_no_token_and_say_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///records.db")
    migrate_database(parse_database_url("sqlite:///records.db"))

    assert main(["backup", "backups", "--keep", "2"]) == 0
    assert "0 jobs, " in capsys.readouterr().out
    assert main(["restore", "backups"]) == 0
    assert "Next:\n1. Start Redis: empty, or with" in capsys.readouterr().out
    assert main(["restore", "nowhere"]) == 1
    assert capsys.readouterr().err == ("nowhere has no backup. Name the folder that `python -m bot backup` wrote to.\n")
    monkeypatch.setenv("DATABASE_URL", "mysql://host/name")
    assert main(["backup", "backups"]) == 2
    assert "DATABASE_URL is wrong" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["backup", "backups", "--keep", "0"])
    assert "Keep at least 1" in capsys.readouterr().err
