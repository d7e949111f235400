"""`/presets`: settings of a result under a name, for what is left out of a later request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import discord
from discord.app_commands import Choice

from bot.domain.ports import JobHistory, JobSearch
from bot.domain.presets import Preset, PresetOwner
from bot.domain.records import JobRecord
from bot.domain.search import SearchQuery
from bot.features.presets.view import build_presets_view
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.deferred_responses import RenderedMessage, respond_with
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import respond_privately
from bot.interactions.visibility import may_view_job
from bot.rendering.labels import format_picture_label
from bot.rendering.markdown import escape_markdown, flatten_text, truncate_text
from bot.submission.command_options import CHOICES_LIMIT, LABEL_LIMIT
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem
from shared.request.model import extract_settings

NAME_LIMIT: Final = 32
SERVER_OWNER: Final = "server"
_MAX_RESULTS: Final = 20


class PresetStore(Protocol):
    """Keeps presets. Implemented by `bot.features.presets.store`."""

    async def save_preset(self, owner: PresetOwner, name: str, options: Mapping[str, Any]) -> Preset | None: ...

    async def list_presets(self, owner: PresetOwner) -> Sequence[Preset]: ...

    async def find_preset_by_code(self, code: str) -> Preset | None: ...

    async def delete_preset(self, owner: PresetOwner, name: str) -> bool: ...


@dataclass(frozen=True)
class PresetCommands:
    """Saves, lists, deletes and shares. Those of a server are changed by who may manage it, and used by everyone."""

    preset_store: PresetStore
    job_history: JobHistory
    job_search: JobSearch
    catalogue: Catalogue

    async def load_options(self, interaction: discord.Interaction, name: str | None) -> Mapping[str, Any]:
        """Give the settings under a name: one's own, else the server's; none without a name. Raises `RejectedError`."""
        return {} if name is None else (await self._find_preset(interaction, name)).options

    async def save_preset(
        self, interaction: discord.Interaction, name: str, job: str | None = None, owner: str | None = None
    ) -> None:
        """Keep the settings of a result: of this job, or of the newest one here."""
        async with limit_lookup_time(interaction):
            whose, name = _resolve_owner(interaction, owner), _clean_name(name)
            past = await self._find_job(interaction, job)
            before = await self.preset_store.save_preset(whose, name, extract_settings(past.job.request))
        await self._respond(interaction, "preset.saved" if before is None else "preset.replaced", name=name)

    async def show_presets(self, interaction: discord.Interaction) -> None:
        """Show one's own and the server's."""

        async def shown() -> RenderedMessage:
            found = await self.preset_store.list_presets(_build_guild_owner(interaction))
            return RenderedMessage(build_presets_view(found, self.catalogue, get_localized_messages(interaction)))

        await respond_with(interaction, shown)

    async def delete_preset(self, interaction: discord.Interaction, name: str, owner: str | None = None) -> None:
        """Take one away."""
        async with limit_lookup_time(interaction):
            if not await self.preset_store.delete_preset(_resolve_owner(interaction, owner), name.strip()):
                raise _unknown_preset_error(name)
        await self._respond(interaction, "preset.deleted", name=name)

    async def share_preset(self, interaction: discord.Interaction, name: str) -> None:
        """Tell the code by which anyone can copy it."""
        async with limit_lookup_time(interaction):
            found = await self._find_preset(interaction, name)
        await self._respond(interaction, "preset.shared", name=found.name, code=found.code)

    async def add_shared_preset(self, interaction: discord.Interaction, code: str) -> None:
        """Copy one that was shared to one's own."""
        async with limit_lookup_time(interaction):
            name = await self._copy_shared_preset(interaction, code.strip().lower())
        await self._respond(interaction, "preset.saved", name=name)

    async def autocomplete_names(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the names of one's own and the server's."""
        phrases, typed = get_localized_messages(interaction), current.strip().casefold()
        try:
            found = await self.preset_store.list_presets(_build_guild_owner(interaction))
        except RejectedError:
            return []
        by_name = {preset.name.casefold(): preset for preset in sorted(found, key=lambda preset: -preset.guild_id)}
        offered = sorted(by_name.items(), key=lambda named: (named[1].guild_id, named[0]))
        return [
            Choice(name=phrases.text(f"preset.{'server_s' if one.guild_id else 'mine'}", name=one.name), value=one.name)
            for folded, one in offered
            if typed in folded
        ][:CHOICES_LIMIT]

    async def autocomplete_results(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the results that stand here, else one's own newest."""
        phrases, typed = get_localized_messages(interaction), current.strip().casefold()
        try:
            pasts = await self._list_results(interaction)
        except RejectedError:
            return []
        labels = {past.job.id: format_picture_label(past.job, past.seed, phrases) for past in pasts}
        return [
            Choice(name=truncate_text(label, LABEL_LIMIT), value=job_id)
            for job_id, label in labels.items()
            if typed in f"{label}\n{job_id}".casefold()
        ]

    async def _list_results(self, interaction: discord.Interaction) -> Sequence[JobRecord]:
        here = await self.job_history.list_results(interaction.channel_id or 0, _MAX_RESULTS)
        if here:
            return here
        wanted = SearchQuery(interaction.user.id)
        return (await self.job_search.search_jobs(wanted, guild_id=None, channel_ids=(), limit=_MAX_RESULTS)).records

    async def _find_job(self, interaction: discord.Interaction, job: str | None) -> JobRecord:
        here = interaction.channel_id or 0
        past = await (
            self.job_history.find_latest_result(here) if job is None else self.job_history.find_job(job.strip())
        )
        if past is None or not may_view_job(interaction, past):
            raise RejectedError(make_problem("preset_of_nothing"))
        return past

    async def _find_preset(self, interaction: discord.Interaction, name: str) -> Preset:
        folded = name.strip().casefold()
        found = [
            preset
            for preset in await self.preset_store.list_presets(_build_guild_owner(interaction))
            if preset.name.casefold() == folded
        ]
        if not found:
            raise _unknown_preset_error(name)
        return min(found, key=lambda preset: preset.guild_id)

    async def _copy_shared_preset(self, interaction: discord.Interaction, code: str) -> str:
        found, mine = await self.preset_store.find_preset_by_code(code), PresetOwner(interaction.user.id)
        if found is None:
            raise RejectedError(
                make_problem("preset_code_unknown", value=truncate_text(flatten_text(code), NAME_LIMIT))
            )
        if any(
            preset.name.casefold() == found.name.casefold() for preset in await self.preset_store.list_presets(mine)
        ):
            raise RejectedError(make_problem("preset_taken", name=found.name))
        await self.preset_store.save_preset(mine, found.name, found.options)
        return found.name

    async def _respond(self, interaction: discord.Interaction, key: str, *, name: str, **facts: str) -> None:
        await respond_privately(
            interaction,
            get_localized_messages(interaction).text(key, name=escape_markdown(name, 2 * NAME_LIMIT), **facts),
        )


def _build_guild_owner(interaction: discord.Interaction) -> PresetOwner:
    return PresetOwner(interaction.user.id, interaction.guild_id or 0)


def _resolve_owner(interaction: discord.Interaction, owner: str | None) -> PresetOwner:
    """Tell whose preset is to be changed. Raises `RejectedError` for a server's where the person may not manage it."""
    if owner != SERVER_OWNER:
        return PresetOwner(interaction.user.id)
    if not interaction.permissions.manage_guild:
        raise RejectedError(make_problem("preset_not_yours"))
    return _build_guild_owner(interaction)


def _clean_name(text: str) -> str:
    name = truncate_text(flatten_text(text), NAME_LIMIT)
    if not name:
        raise RejectedError(make_problem("preset_nameless"))
    return name


def _unknown_preset_error(name: str) -> RejectedError:
    return RejectedError(make_problem("preset_unknown", name=truncate_text(flatten_text(name), NAME_LIMIT)))
