"""The commands keep Discord's limits in every language.

Those of `/imagine` and `/explore` are in `tests.unit.bot.submission.test_command_options`.
"""

import re
from typing import Any

import pytest

from bot.discord_client.feature import AnyCommand
from bot.features.export.feature import build_export_feature
from bot.features.history.feature import build_history_feature
from bot.features.lineage.feature import build_lineage_feature
from bot.features.preferences.feature import build_preferences_feature
from bot.features.privacy.feature import build_privacy_feature
from bot.features.queue.feature import build_queue_feature
from bot.features.server_settings.feature import build_server_settings_feature
from bot.i18n import list_languages
from shared.catalogue import Catalogue
from tests.support.commands import UNUSED, build_payloads, localize


def build_commands(catalogue: Catalogue) -> list[AnyCommand]:
    features = (
        build_queue_feature(UNUSED, UNUSED, catalogue),
        build_history_feature(UNUSED, UNUSED, UNUSED, UNUSED, UNUSED, UNUSED, catalogue),
        build_lineage_feature(UNUSED, UNUSED, UNUSED, UNUSED, catalogue),
        build_export_feature(UNUSED, UNUSED),
        build_privacy_feature(UNUSED, UNUSED, UNUSED),
        build_preferences_feature(UNUSED, catalogue),
        build_server_settings_feature(UNUSED),
    )
    return [command for feature in features for command in feature.commands]


@pytest.mark.parametrize("language", list_languages())
async def test_the_commands_keep_discords_limits(catalogue: Catalogue, language: str) -> None:
    payloads = await build_payloads(build_commands(catalogue))

    assert len(payloads) == 9
    assert len({localize(payload, "name", language) for payload in payloads}) == len(payloads)
    for entry in (entry for payload in payloads for entry in (payload, *payload["options"])):
        assert re.fullmatch(r"[-_'\w]{1,32}", localize(entry, "name", language))
        assert localize(entry, "name", language) == localize(entry, "name", language).lower()
        assert 1 <= len(localize(entry, "description", language)) <= 100
    for payload in payloads:
        assert (payload["contexts"], payload["integration_types"]) == ([0], [0])
        names = [localize(option, "name", language) for option in payload["options"]]
        assert len(names) == len(set(names))


async def test_only_those_who_manage_the_server_see_its_settings() -> None:
    payloads: list[dict[str, Any]] = await build_payloads(build_server_settings_feature(UNUSED).commands)

    (settings,) = payloads
    assert settings["default_member_permissions"] == 1 << 5  # MANAGE_GUILD
    assert [choice["value"] for choice in settings["options"][0]["choices"]] == ["everyone", "author"]
