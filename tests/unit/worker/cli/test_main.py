"""`python -m worker`: choosing a command, and settings that no command can use."""

from pathlib import Path

import pytest

from worker.__main__ import main

COMMANDS = [[], ["generate", "--out", "out.png", "a castle"], ["check"], ["dead-letters", "list"]]


@pytest.fixture(autouse=True)
def empty_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no `.env`."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_every_command_reports_invalid_settings_in_the_same_words(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORKER_CONCURRENCY", "0")
    monkeypatch.setenv("LEASE_SECONDS", "soon")

    assert main(arguments) == 2

    heading, *lines = capsys.readouterr().err.splitlines()
    assert heading == "The worker is not set up. Set these in the environment or in .env:"
    assert [line.split()[0] for line in lines] == ["WORKER_CONCURRENCY", "LEASE_SECONDS"]


@pytest.mark.parametrize("arguments", [[], ["generate", "--out", "out.png", "a castle"], ["check"]], ids=" ".join)
def test_every_command_that_reads_the_catalogue_reports_its_errors_in_the_same_words(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine.toml").write_text("[models", encoding="utf-8")
    monkeypatch.setenv("CATALOGUE_FILE", "mine.toml")

    assert main(arguments) == 2

    assert capsys.readouterr().err.startswith("CATALOGUE_FILE is wrong: ")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    out = capsys.readouterr().out
    assert all(f"python -m worker {command}" in out for command in ("generate", "check", "dead-letters"))


def test_an_unknown_command_is_answered_with_the_list_of_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paint"]) == 2

    assert "python -m worker generate" in capsys.readouterr().err
