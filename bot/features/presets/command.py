"""The subcommands of `/presets`: save, list, delete, share and add."""

from dataclasses import dataclass
from typing import Final

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import JOB_ID_LENGTH, LABEL_LIMIT
from bot.domain.owners import Owner
from bot.domain.ports import JobHistory
from bot.domain.records import JobRecord
from bot.features.presets.view import build_presets_view
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.owners import get_guild_owner, resolve_owner
from bot.interactions.responses import RenderedMessage, respond_privately, respond_with
from bot.interactions.visibility import may_view_job
from bot.rendering.labels import format_picture_label
from bot.rendering.markdown import escape_markdown, flatten_text, truncate_text
from bot.results.newest import NewestResultFinder
from bot.storage.presets import SqlPresetStore
from bot.submission.preset_option import (
    PRESET_NAME_LIMIT,
    PresetOption,
    make_unknown_preset_error,
)
from bot.submission.saved_names import clean_name
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem
from shared.request.conversion import extract_settings

CODE_LIMIT: Final = 32
_MAX_RESULT_CHOICES: Final = 20

PresetName = app_commands.Range[str, 1, PRESET_NAME_LIMIT]


@dataclass(frozen=True)
class PresetCommands:
    """Manages presets. Everyone may use a server's presets; those who manage the server may change them."""

    preset_store: SqlPresetStore
    preset_option: PresetOption
    job_history: JobHistory
    newest_results: NewestResultFinder
    catalogue: Catalogue

    async def save_preset(
        self,
        interaction: discord.Interaction,
        preset_name: PresetName,
        job: app_commands.Range[str, 1, JOB_ID_LENGTH] | None = None,
        owner: str | None = None,
    ) -> None:
        """Save the settings of a job, by default of the newest result here, or of the person's newest."""
        async with limit_lookup_time(interaction):
            preset_owner = resolve_owner(interaction, owner, "preset_not_allowed")
            name = clean_name(preset_name, PRESET_NAME_LIMIT, "preset_name_empty")
            record = await self._find_job(interaction, job)
            replaced = await self.preset_store.save_preset(preset_owner, name, extract_settings(record.job.request))
        await _respond(interaction, "preset.saved" if replaced is None else "preset.replaced", name=name)

    async def show_presets(self, interaction: discord.Interaction) -> None:
        """Show the person's presets and the server's."""

        async def render_list() -> RenderedMessage:
            presets = await self.preset_store.list_presets(get_guild_owner(interaction))
            return RenderedMessage(build_presets_view(presets, self.catalogue, get_localized_messages(interaction)))

        await respond_with(interaction, render_list)

    async def delete_preset(
        self, interaction: discord.Interaction, preset_name: PresetName, owner: str | None = None
    ) -> None:
        """Delete a preset."""
        async with limit_lookup_time(interaction):
            if not await self.preset_store.delete_preset(
                resolve_owner(interaction, owner, "preset_not_allowed"), flatten_text(preset_name)
            ):
                raise make_unknown_preset_error(preset_name)
        await _respond(interaction, "preset.deleted", name=preset_name)

    async def share_preset(self, interaction: discord.Interaction, preset_name: PresetName) -> None:
        """Show the code with which anyone can add a copy of the preset."""
        async with limit_lookup_time(interaction):
            preset = await self.preset_option.find_preset(interaction, preset_name)
        await _respond(interaction, "preset.shared", name=preset.name, code=preset.code)

    async def add_shared_preset(
        self, interaction: discord.Interaction, code: app_commands.Range[str, 1, CODE_LIMIT]
    ) -> None:
        """Copy a shared preset to the person's own."""
        async with limit_lookup_time(interaction):
            name = await self._copy_shared_preset(interaction, code.strip().lower())
        await _respond(interaction, "preset.saved", name=name)

    async def autocomplete_job(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the results in this thread; if there are none, the person's newest."""
        messages, typed = get_localized_messages(interaction), current.strip().casefold()
        try:
            records = await self.job_history.list_results(interaction.channel_id or 0, _MAX_RESULT_CHOICES)
            records = records or await self.newest_results.list_own_results(interaction, _MAX_RESULT_CHOICES)
        except RejectedError:
            return []
        labels = {record.job.id: format_picture_label(record.job, record.seed, messages) for record in records}
        return [
            Choice(name=truncate_text(label, LABEL_LIMIT), value=job_id)
            for job_id, label in labels.items()
            if typed in f"{label}\n{job_id}".casefold()
        ]

    async def _find_job(self, interaction: discord.Interaction, job_id: str | None) -> JobRecord:
        record = await (
            self.newest_results.find_newest_result(interaction)
            if job_id is None
            else self.job_history.find_job(job_id.strip())
        )
        if record is None or not may_view_job(interaction, record):
            raise RejectedError(make_problem("preset_source_missing"))
        return record

    async def _copy_shared_preset(self, interaction: discord.Interaction, code: str) -> str:
        """Copy the preset with this code and return its name. Raises `RejectedError`."""
        owner = Owner(interaction.user.id)
        preset = await self.preset_store.find_preset_by_code(code)
        if preset is None:
            value = truncate_text(flatten_text(code), PRESET_NAME_LIMIT)
            raise RejectedError(make_problem("preset_code_unknown", value=value))
        own_names = {own.name.casefold() for own in await self.preset_store.list_presets(owner)}
        if preset.name.casefold() in own_names:
            raise RejectedError(make_problem("preset_taken", name=preset.name))
        await self.preset_store.save_preset(owner, preset.name, preset.options)
        return preset.name


async def _respond(interaction: discord.Interaction, key: str, *, name: str, **facts: str) -> None:
    escaped_name = escape_markdown(name, 2 * PRESET_NAME_LIMIT)
    await respond_privately(interaction, get_localized_messages(interaction).text(key, name=escaped_name, **facts))
