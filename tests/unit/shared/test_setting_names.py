"""Names in the environment that look like a misspelt setting."""

import pytest

from bot.settings import Settings as BotSettings
from shared.setting_names import SECRET_FILE_NAMES, SETTING_NAMES, describe_misspelt_settings
from shared.settings_reader import list_secret_names
from worker.settings import Settings as WorkerSettings


def test_the_settings_of_both_halves_are_known() -> None:
    assert {name.upper() for name in {*BotSettings.model_fields, *WorkerSettings.model_fields}} == SETTING_NAMES


def test_the_files_of_all_secrets_are_known() -> None:
    secrets = {*list_secret_names(BotSettings), *list_secret_names(WorkerSettings)}

    assert {f"{name}_FILE" for name in secrets} == SECRET_FILE_NAMES


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MAX_WAITNG_PER_USER", "MAX_WAITING_PER_USER"),
        ("DISCORD_TOKN", "DISCORD_TOKEN"),
        ("redis_uri", "REDIS_URL"),
        ("DISCORD_TOKEN_FIEL", "DISCORD_TOKEN_FILE"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("WORKER_CONCURENCY", "WORKER_CONCURRENCY"),
    ],
)
def test_a_name_that_resembles_a_setting_is_reported(name: str, meant: str) -> None:
    assert describe_misspelt_settings([name]) == [f"{name} is not a setting and is ignored. Did you mean {meant}?"]


def test_settings_and_variables_of_other_programs_are_not_reported() -> None:
    foreign = ["AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_ROLE_ARN"]
    foreign += ["PATH", "HOME", "LANG", "ALL_PROXY", "FTP_PROXY", "REDIS_HOST", "DATABASE_HOST", "TOKEN", "LEVEL"]

    assert describe_misspelt_settings([*SETTING_NAMES, *SECRET_FILE_NAMES, "redis_url", *foreign]) == []
