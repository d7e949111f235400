"""The commands and handlers that the feature adds to the bot."""

from discord.app_commands import Choice

from bot.discord_client.command_builder import build_command, build_group
from bot.discord_client.feature import Feature
from bot.discord_client.translator import localize_choice
from bot.domain.ports import JobHistory
from bot.features.presets.command import PresetCommands
from bot.interactions.access import Access
from bot.interactions.owners import OWNERS
from bot.results.newest import NewestResultFinder
from bot.storage.presets import SqlPresetStore
from bot.submission.preset_option import PresetOption
from shared.catalogue import Catalogue


def build_presets_feature(
    preset_store: SqlPresetStore,
    preset_option: PresetOption,
    job_history: JobHistory,
    newest_results: NewestResultFinder,
    catalogue: Catalogue,
) -> Feature:
    """Build `/presets` with its subcommands."""
    handler = PresetCommands(preset_store, preset_option, job_history, newest_results, catalogue)
    owners = [Choice(name=localize_choice("owner", owner), value=owner) for owner in OWNERS]
    autocomplete_name = {"preset_name": preset_option.autocomplete_name}
    group = build_group(
        "presets",
        (
            build_command(
                "presets.save",
                handler.save_preset,
                autocomplete={"job": handler.autocomplete_job},
                choices={"owner": owners},
            ),
            build_command("presets.list", handler.show_presets),
            build_command(
                "presets.delete", handler.delete_preset, autocomplete=autocomplete_name, choices={"owner": owners}
            ),
            build_command("presets.share", handler.share_preset, autocomplete=autocomplete_name),
            build_command("presets.add", handler.add_shared_preset),
        ),
    )
    return Feature(commands=[group], access=Access.VIEW)
