"""The options of `/presets`; Discord's limits on commands are tested for the whole bot."""

from bot.features.presets.feature import build_presets_feature
from bot.submission.preset_option import PresetOption
from tests.support.commands import UNUSED, build_payloads


async def test_a_preset_name_has_one_to_thirty_two_characters() -> None:
    feature = build_presets_feature(UNUSED, PresetOption(UNUSED), UNUSED, UNUSED, UNUSED)
    (group,) = await build_payloads(feature.commands)

    options = [option for subcommand in group["options"] for option in subcommand["options"]]
    names = [option for option in options if option["name"] == "name"]
    assert [(option["min_length"], option["max_length"]) for option in names] == [(1, 32)] * 3
