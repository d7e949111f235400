"""Settings, their defaults, and the messages about missing or wrong ones."""

from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings
from shared.settings import InvalidSettingsError
from shared.settings_reader import describe_settings, read_settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_only_the_token_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "abc")

    settings = read_settings(Settings)

    assert settings.discord_token.get_secret_value() == "abc"
    assert settings.attachment_hosts == ("cdn.discordapp.com", "media.discordapp.net")
    assert settings.attachment_max_bytes == 25 * 1024 * 1024
    assert settings.extras_allowed_users == frozenset()
    assert settings.discord_api_url == "https://discord.com/api/v10"


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "abc")
    monkeypatch.setenv("ATTACHMENT_HOSTS", "CDN.example.org, 127.0.0.1,")
    monkeypatch.setenv("EXTRAS_ALLOWED_USERS", "12, 34")

    settings = read_settings(Settings)

    assert settings.attachment_hosts == ("cdn.example.org", "127.0.0.1")
    assert settings.extras_allowed_users == {12, 34}


def test_a_file_named_env_is_read_and_the_environment_takes_precedence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=from-file\nLOG_LEVEL=DEBUG\nAWS_REGION=us-west-2\n", encoding="utf-8")
    monkeypatch.setenv("LOG_LEVEL", "WARNING")

    settings = read_settings(Settings)

    assert (settings.discord_token.get_secret_value(), settings.log_level) == ("from-file", "WARNING")


def test_everything_missing_or_wrong_is_named_at_once_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTACHMENT_MAX_BYTES", "secret-lots")
    monkeypatch.setenv("EXTRAS_ALLOWED_USERS", "ada,ben")
    monkeypatch.setenv("CATALOGUE_FILE", "/nowhere.toml")

    with pytest.raises(InvalidSettingsError) as error:
        read_settings(Settings)

    lines = str(error.value).splitlines()
    assert [line.split()[0] for line in lines] == [
        *("DISCORD_TOKEN", "CATALOGUE_FILE", "ATTACHMENT_MAX_BYTES", "EXTRAS_ALLOWED_USERS")
    ]
    assert "developer portal" in lines[0]
    assert "secret-lots" not in str(error.value)


@pytest.mark.parametrize(
    "overrides",
    [
        {"attachment_max_bytes": 0},
        {"redis_max_memory_ratio": 1.5},
        {"max_waiting_per_user": 0},
        {"log_level": "LOUD"},
        {"discord_api_url": "discord.com"},
        {"discord_api_url": "https://discord.com/api/v10/"},
        {"shards": "4/4"},
    ],
)
def test_values_out_of_range_are_rejected(overrides: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingsError, match=f"{next(iter(overrides)).upper()} is wrong"):
        read_settings(Settings, discord_token="abc", **overrides)


def test_secrets_are_not_shown() -> None:
    settings = read_settings(Settings, discord_token="abc", redis_url="redis://:hush@example.org/0")

    assert "abc" not in repr(settings)
    assert "hush" not in repr(settings)


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "abc")
    monkeypatch.setenv("CATALOGUE_FILE", "")

    assert read_settings(Settings).catalogue_file is None


def test_every_setting_has_a_description_that_is_a_sentence() -> None:
    table = {name: (default, description) for name, default, description in describe_settings(Settings)}

    assert set(table) == {name.upper() for name in Settings.model_fields}
    assert table["ATTACHMENT_HOSTS"][0] == "cdn.discordapp.com,media.discordapp.net"
    assert table["REDIS_URL"][0] == "redis://127.0.0.1:6379/0"
    assert (table["DISCORD_TOKEN"][0], table["CATALOGUE_FILE"][0]) == ("", "")
    assert next(iter(table)) == "DISCORD_TOKEN"
    assert all(len(description) > 20 and description.endswith(".") for _, description in table.values())


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"GUARDRAIL_ID": "abc123"}, "Set both GUARDRAIL_ID and this, or neither"),
        ({"GUARDRAIL_VERSION": "1"}, "Set both GUARDRAIL_ID and this, or neither"),
        ({"GUARDRAIL_ID": "My guardrail", "GUARDRAIL_VERSION": "1"}, "it is neither an id nor an ARN"),
        ({"GUARDRAIL_ID": "abc123", "GUARDRAIL_VERSION": "latest"}, "it is not the version of a guardrail"),
        ({"GUARDRAIL_USD_PER_PICTURE": "-1"}, "GUARDRAIL_USD_PER_PICTURE is wrong"),
    ],
)
def test_a_guardrail_and_its_version_go_together(
    environment: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"DISCORD_TOKEN": "abc", **environment}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(InvalidSettingsError, match=message):
        read_settings(Settings)


def test_the_price_of_a_request_has_the_checks_of_its_guardrail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "abc")
    plain = read_settings(Settings).read_catalogue()
    monkeypatch.setenv("GUARDRAIL_ID", "arn:aws:bedrock:us-west-2:123456789012:guardrail/abc123")
    monkeypatch.setenv("GUARDRAIL_VERSION", "DRAFT")
    monkeypatch.setenv("GUARDRAIL_USD_PER_PICTURE", "0.001")

    checked = read_settings(Settings).read_catalogue()

    added = {key: round(checked.models[key].price_usd - row.price_usd, 6) for key, row in plain.models.items()}
    keys = ("stable-image-core", "sd3.5-large", "erase-object", "style-transfer")
    assert [added[key] for key in keys] == [0.001, 0.002, 0.002, 0.003]
    assert checked.default_model.key == plain.default_model.key
