"""`/presets`: settings of a result under a name, for what is left out of a later request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord.app_commands import Choice

from bot.commands.options import CHOICES_LIMIT, LABEL_LIMIT
from bot.interactions.answers import tell
from bot.interactions.patience import looking_up
from bot.interactions.showing import Shown, present
from bot.interactions.sight import may_see
from bot.interactions.speaking import phrases_of
from bot.ports import Owner, Past, Preset, Presetting, Remembering, Search, Searching
from bot.render.fields import picture_label
from bot.render.presets import presets_view
from bot.render.text import escaped, plain, shortened
from shared.catalogue import Catalogue
from shared.errors import Refused, problem
from shared.request import settings_of

NAME_LIMIT: Final = 32
SERVER: Final = "server"
_PICTURES: Final = 20


@dataclass(frozen=True)
class Presets:
    """Saves, lists, deletes and shares. Those of a server are changed by who may manage it, and used by everyone."""

    kept: Presetting
    library: Remembering
    search: Searching
    catalogue: Catalogue

    async def options(self, interaction: discord.Interaction, name: str | None) -> Mapping[str, Any]:
        """Give the settings under a name: one's own, else the server's; none without a name. Raises `Refused`."""
        return {} if name is None else (await self._find(interaction, name)).options

    async def save(
        self, interaction: discord.Interaction, name: str, job: str | None = None, owner: str | None = None
    ) -> None:
        """Keep the settings of a result: of this job, or of the newest one here."""
        async with looking_up(interaction):
            whose, name = _owner(interaction, owner), _named(name)
            past = await self._past(interaction, job)
            before = await self.kept.save(whose, name, settings_of(past.job.request))
        await self._say(interaction, "preset.saved" if before is None else "preset.replaced", name=name)

    async def listed(self, interaction: discord.Interaction) -> None:
        """Show one's own and the server's."""

        async def shown() -> Shown:
            found = await self.kept.presets(_here(interaction))
            return Shown(presets_view(found, self.catalogue, phrases_of(interaction)))

        await present(interaction, shown)

    async def delete(self, interaction: discord.Interaction, name: str, owner: str | None = None) -> None:
        """Take one away."""
        async with looking_up(interaction):
            if not await self.kept.delete(_owner(interaction, owner), name.strip()):
                raise _unknown(name)
        await self._say(interaction, "preset.deleted", name=name)

    async def share(self, interaction: discord.Interaction, name: str) -> None:
        """Tell the code by which anyone can copy it."""
        async with looking_up(interaction):
            found = await self._find(interaction, name)
        await self._say(interaction, "preset.shared", name=found.name, code=found.code)

    async def add(self, interaction: discord.Interaction, code: str) -> None:
        """Copy one that was shared to one's own."""
        async with looking_up(interaction):
            name = await self._add(interaction, code.strip().lower())
        await self._say(interaction, "preset.saved", name=name)

    async def complete(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the names of one's own and the server's."""
        phrases, typed = phrases_of(interaction), current.strip().casefold()
        try:
            found = await self.kept.presets(_here(interaction))
        except Refused:
            return []
        by_name = {preset.name.casefold(): preset for preset in sorted(found, key=lambda preset: -preset.guild)}
        offered = sorted(by_name.items(), key=lambda named: (named[1].guild, named[0]))
        return [
            Choice(name=phrases.say(f"preset.{'server_s' if one.guild else 'mine'}", name=one.name), value=one.name)
            for folded, one in offered
            if typed in folded
        ][:CHOICES_LIMIT]

    async def results(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the results that stand here, else one's own newest."""
        phrases, typed = phrases_of(interaction), current.strip().casefold()
        try:
            pasts = await self._results(interaction)
        except Refused:
            return []
        labels = {past.job.id: picture_label(past.job, past.seed, phrases) for past in pasts}
        return [
            Choice(name=shortened(label, LABEL_LIMIT), value=job_id)
            for job_id, label in labels.items()
            if typed in f"{label}\n{job_id}".casefold()
        ]

    async def _results(self, interaction: discord.Interaction) -> Sequence[Past]:
        here = await self.library.pictures(interaction.channel_id or 0, _PICTURES)
        if here:
            return here
        wanted = Search(interaction.user.id)
        return (await self.search.search(wanted, guild=None, channels=(), most=_PICTURES)).pasts

    async def _past(self, interaction: discord.Interaction, job: str | None) -> Past:
        here = interaction.channel_id or 0
        past = await (self.library.latest(here) if job is None else self.library.past(job.strip()))
        if past is None or not may_see(interaction, past):
            raise Refused(problem("preset_of_nothing"))
        return past

    async def _find(self, interaction: discord.Interaction, name: str) -> Preset:
        folded = name.strip().casefold()
        found = [preset for preset in await self.kept.presets(_here(interaction)) if preset.name.casefold() == folded]
        if not found:
            raise _unknown(name)
        return min(found, key=lambda preset: preset.guild)

    async def _add(self, interaction: discord.Interaction, code: str) -> str:
        found, mine = await self.kept.shared(code), Owner(interaction.user.id)
        if found is None:
            raise Refused(problem("preset_code_unknown", value=shortened(plain(code), NAME_LIMIT)))
        if any(preset.name.casefold() == found.name.casefold() for preset in await self.kept.presets(mine)):
            raise Refused(problem("preset_taken", name=found.name))
        await self.kept.save(mine, found.name, found.options)
        return found.name

    async def _say(self, interaction: discord.Interaction, key: str, *, name: str, **facts: str) -> None:
        await tell(interaction, phrases_of(interaction).say(key, name=escaped(name, 2 * NAME_LIMIT), **facts))


def _here(interaction: discord.Interaction) -> Owner:
    return Owner(interaction.user.id, interaction.guild_id or 0)


def _owner(interaction: discord.Interaction, owner: str | None) -> Owner:
    """Tell whose preset is to be changed. Raises `Refused` for a server's where the person may not manage it."""
    if owner != SERVER:
        return Owner(interaction.user.id)
    if not interaction.permissions.manage_guild:
        raise Refused(problem("preset_not_yours"))
    return _here(interaction)


def _named(written: str) -> str:
    name = shortened(plain(written), NAME_LIMIT)
    if not name:
        raise Refused(problem("preset_nameless"))
    return name


def _unknown(name: str) -> Refused:
    return Refused(problem("preset_unknown", name=shortened(plain(name), NAME_LIMIT)))
