"""`python -m worker`: choosing a command, and settings that no command can use."""

import platform
from pathlib import Path

import pytest

from shared import __version__
from shared.stored_format import CURRENT_FORMAT
from worker.__main__ import main

COMMANDS = [[], ["generate", "--out", "out.png", "a castle"], ["dead-letters", "list"]]


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


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_every_command_refuses_a_file_of_settings_that_is_not_utf_8(
    arguments: list[str], encoding: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(".env").write_text("AWS_REGION=us-west-2\r\n", encoding=encoding)

    assert main(arguments) == 2

    assert capsys.readouterr().err.startswith(".env is not a text file in UTF-8. Save it again ")


AWS_MISTAKES = {
    "a profile that is missing": ({"AWS_PROFILE": "s3cret"}, "AWS_PROFILE is wrong"),
    "a broken file": ({"AWS_CONFIG_FILE": "broken"}, "AWS's configuration files cannot be read."),
    "a broken file of credentials": (
        {"AWS_SHARED_CREDENTIALS_FILE": "broken"},
        "AWS's configuration files cannot be read.",
    ),
    "an endpoint without scheme": (
        {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "s3cret:80"},
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME is wrong",
    ),
    "an endpoint without scheme in a file": ({"AWS_CONFIG_FILE": "endpoint"}, "AWS's configuration cannot be used"),
    "a region's name": ({"AWS_REGION": "US West (Oregon)"}, "AWS_REGION is wrong"),
    "a region that does not exist": ({"AWS_REGION": "us-wst-2"}, "AWS_REGION is wrong"),
    "a region of boto3's variable": ({"AWS_DEFAULT_REGION": "us-wst-2"}, "AWS_REGION is wrong"),
    "a proxy of another kind": ({"HTTPS_PROXY": "socks5://s3cret:1080"}, "HTTPS_PROXY is wrong"),
    "an address of Redis": ({"REDIS_URL": "redis://:s3cret#1@h/0"}, "REDIS_URL is wrong"),
}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("mistake", AWS_MISTAKES)
def test_every_command_reports_a_mistake_in_the_configuration_without_its_value(
    arguments: list[str], mistake: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken").write_text("[default\nregion", encoding="utf-8")
    Path("endpoint").write_text("[default]\nendpoint_url = s3cret:80\n", encoding="utf-8")
    variables, message = AWS_MISTAKES[mistake]
    monkeypatch.delenv("AWS_REGION", raising=False)  # it comes before the variable of boto3
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert main(arguments) == 2

    error = capsys.readouterr().err
    assert message in error
    assert "s3cret" not in error
    assert 1 <= error.count(". ") <= 3


@pytest.mark.parametrize("mistake", AWS_MISTAKES)
def test_the_doctor_reports_the_same_mistakes(
    mistake: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken").write_text("[default\nregion", encoding="utf-8")
    Path("endpoint").write_text("[default]\nendpoint_url = s3cret:80\n", encoding="utf-8")
    variables, message = AWS_MISTAKES[mistake]
    monkeypatch.delenv("AWS_REGION", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert main(["doctor"]) == 2

    output = capsys.readouterr().out
    assert message in output
    assert "s3cret" not in output


def test_a_misspelt_setting_is_named_beside_those_that_are_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEASE_SECONDS", "soon")
    monkeypatch.setenv("WORKER_CONCURENCY", "4")

    assert main(["doctor"]) == 2

    assert "Did you mean WORKER_CONCURRENCY?" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["generate", "--out", "out.png", "a castle"]], ids=" ".join)
def test_every_command_that_reads_the_catalogue_reports_its_errors_in_the_same_words(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine.toml").write_text("[models", encoding="utf-8")
    monkeypatch.setenv("CATALOGUE_FILE", "mine.toml")

    assert main(arguments) == 2

    assert capsys.readouterr().err.startswith("CATALOGUE_FILE is wrong: ")


def test_version_prints_the_version_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    release, rest = capsys.readouterr().out.splitlines()
    assert release == f"pentimento {__version__}, stored format {CURRENT_FORMAT}"
    assert rest.startswith(f"Python {platform.python_version()}, boto3 1.")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    out = capsys.readouterr().out
    assert all(f"python -m worker {command}" in out for command in ("generate", "doctor", "dead-letters", "version"))


def test_an_unknown_command_is_answered_with_the_list_of_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paint"]) == 2

    assert "python -m worker generate" in capsys.readouterr().err
