"""Settings from files of secrets, where each was found, and what is said about one that cannot be used."""

import os
from pathlib import Path

import pytest

from bot.settings import Settings as BotSettings
from shared.settings import InvalidSettingsError
from shared.settings_reader import inspect_settings, list_secret_names, read_settings
from worker.settings import Settings as WorkerSettings


@pytest.fixture(autouse=True)
def empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    secrets = {*list_secret_names(BotSettings), *list_secret_names(WorkerSettings)}
    settings = {name.upper() for name in {*BotSettings.model_fields, *WorkerSettings.model_fields}}
    for variable in {"AWS_DEFAULT_REGION", *settings, *secrets, *(f"{name}_FILE" for name in secrets)}:
        monkeypatch.setenv(variable, "")


def test_a_secret_is_read_from_its_file_without_the_line_break(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("\ufeffabc.def\r\n", encoding="utf-8")
    monkeypatch.setenv("DISCORD_TOKEN_FILE", "token")

    for _ in range(2):
        assert read_settings(BotSettings).discord_token.get_secret_value() == "abc.def"

    assert os.environ["DISCORD_TOKEN"] == ""


def test_a_secret_of_aws_is_set_where_boto3_looks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("s3cret\n", encoding="utf-8")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY_FILE", str(tmp_path / "key"))

    for _ in range(2):  # the second time it is in the environment already
        report = inspect_settings(WorkerSettings)
        assert (report.sources["AWS_SECRET_ACCESS_KEY"], report.faults) == ("AWS_SECRET_ACCESS_KEY_FILE", {})

    assert os.environ["AWS_SECRET_ACCESS_KEY"] == "s3cret"


@pytest.mark.parametrize(
    ("content", "sentences"),
    [
        (b"other", "REDIS_URL and REDIS_URL_FILE are both set. Remove one of them."),
        (b"\n", "REDIS_URL_FILE names an empty file. Write the value into it."),
        (b"a\nb\n", "REDIS_URL_FILE names a file with more than one line. Leave only the value in it."),
        (b"x" * 70_000, "REDIS_URL_FILE names a file with more than one line. Leave only the value in it."),
        (b"\xff\xfea\0", "REDIS_URL_FILE names a file that is not text in UTF-8. Save it again"),
        (None, "REDIS_URL_FILE names a file that does not exist. Create it, or correct the path."),
    ],
)
def test_a_file_that_cannot_be_used_is_named_beside_all_other_faults(
    content: bytes | None, sentences: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (tmp_path / "url").write_bytes(content)
    monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "url"))
    if content == b"other":
        monkeypatch.setenv("REDIS_URL", "redis://:s3cret@host/0")

    with pytest.raises(InvalidSettingsError) as error:
        read_settings(BotSettings)

    token, url = str(error.value).splitlines()
    assert token.startswith("DISCORD_TOKEN is missing.")
    assert url.startswith(sentences)
    assert "s3cret" not in url


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN_FILE", str(tmp_path))

    with pytest.raises(InvalidSettingsError, match=r"^DISCORD_TOKEN_FILE names what cannot be read \(Is a directory\)"):
        read_settings(BotSettings)


def test_each_setting_has_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("LEASE_SECONDS=40\nAWS_DEFAULT_REGION=us-east-1\n", encoding="utf-8")
    monkeypatch.setenv("LOG_LEVEL", "debug")

    report = inspect_settings(WorkerSettings, worker_concurrency=3)

    assert report.sources == {
        "LEASE_SECONDS": ".env",
        "AWS_REGION": ".env, AWS_DEFAULT_REGION",
        "LOG_LEVEL": "environment",
        "WORKER_CONCURRENCY": "argument",
    }


def test_a_wrong_value_of_another_name_is_that_of_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "US West (Oregon)")

    assert list(inspect_settings(WorkerSettings).faults) == ["AWS_REGION"]


@pytest.mark.parametrize(
    ("token", "advice"),
    [
        ("Bot abc.def", "Remove that word and the space after it"),
        ('"abc.def"', "it stands in quotes. Remove them"),
        ("abc def", "Copy it again from Discord's portal"),
        ("abcé", "Copy it again from Discord's portal"),
    ],
)
def test_a_token_that_is_none_is_refused_before_discord_is_asked(
    token: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", token)

    with pytest.raises(InvalidSettingsError, match=advice):
        read_settings(BotSettings)
