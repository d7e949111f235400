"""`/imagine`: from the options of the command to a request, or to words that only its author sees."""

from dataclasses import dataclass
from typing import Any

import discord

from bot.commands.presets import Presets
from bot.commands.source import Found, Sources
from bot.intake import Intake
from bot.interactions.answers import refuse
from bot.ports import Kept, Source
from shared.errors import Problem, Refused, problem
from shared.job import Start
from shared.request import Request, parse_extras


@dataclass(frozen=True)
class Asked:
    """What the options ask for, and the picture to start from: where from the thread, its job and which one it is."""

    request: Request
    picture: Source | Kept | None
    parent: str | None = None
    start: Start | None = None


@dataclass(frozen=True)
class Imagine:
    """Reads the options and finds the picture in the thread; `intake` does the rest."""

    intake: Intake
    sources: Sources
    presets: Presets

    async def __call__(self, interaction: discord.Interaction, **options: Any) -> None:
        """Answer the command. What is unexpected is raised; `bot.client` logs it and tells the author."""
        try:
            asked = await self.read(interaction, **options)
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        await self.intake.take(interaction, asked.request, asked.picture, parent=asked.parent, start=asked.start)

    async def read(
        self,
        interaction: discord.Interaction,
        *,
        image: discord.Attachment | None = None,
        source: str | None = None,
        preset: str | None = None,
        **options: Any,
    ) -> Asked:
        """Read what the options ask for. Raises `Refused` with everything that is wrong."""
        options["preset"] = await self.presets.options(interaction, preset)
        if image is not None:
            attached = Source(image.url, image.size, image.filename)
            twice = () if source is None else (problem("source_twice", field="source"),)
            return Asked(self._request(interaction, attached, options, twice), attached)
        found = await self.sources.find(interaction, source)
        request, found = self._on_found(interaction, found, options, meant=source is not None)
        return Asked(request, None) if found is None else Asked(request, found.picture, found.parent, found.start)

    def _on_found(
        self, interaction: discord.Interaction, found: Found | None, options: dict[str, Any], *, meant: bool
    ) -> tuple[Request, Found | None]:
        """Ask for it on the picture that was found; where nobody asked for that one, only if all else goes with it."""
        if found is None:
            return self._request(interaction, None, options), None
        try:
            return self._request(interaction, found.picture, options), found
        except Refused as refused:
            if meant:
                raise
            try:
                return self._request(interaction, None, options), None
            except Refused:
                raise refused from None

    def _request(
        self,
        interaction: discord.Interaction,
        source: Source | Kept | None,
        options: dict[str, Any],
        wrong: tuple[Problem, ...] = (),
    ) -> Request:
        try:
            extras = self._extras(interaction, options.get("extras"))
        except Refused as refused:
            extras, wrong = None, (*wrong, *refused.problems)
        written = {name: value for name, value in options.items() if name != "preset"}
        return self.intake.composed(interaction, source, written | {"extras": extras}, wrong, options["preset"])

    def _extras(self, interaction: discord.Interaction, written: str | None) -> dict[str, Any] | None:
        if written is None:
            return None
        if interaction.user.id not in self.intake.extras_users:
            raise Refused(problem("extras_forbidden"))
        return parse_extras(written)
