"""`/imagine`: from the options of the command to a request, or to words that only its author sees."""

from dataclasses import dataclass
from typing import Any

import discord

from bot.commands.source import Found, Sources
from bot.intake import Intake
from bot.interactions.answers import refuse
from bot.ports import Kept, Source
from shared.errors import Problem, Refused, problem
from shared.request import Request, parse_extras


@dataclass(frozen=True)
class Imagine:
    """Reads the options and finds the picture in the thread; `intake` does the rest."""

    intake: Intake
    sources: Sources

    async def __call__(
        self,
        interaction: discord.Interaction,
        *,
        image: discord.Attachment | None = None,
        source: str | None = None,
        **options: Any,
    ) -> None:
        """Answer the command. What is unexpected is raised; `bot.client` logs it and tells the author."""
        try:
            if image is not None:
                attached = Source(image.url, image.size, image.filename)
                twice = () if source is None else (problem("source_twice", field="source"),)
                request, found = self._request(interaction, attached, options, twice), None
            else:
                attached = None
                found = await self.sources.find(interaction, source)
                request, found = self._on_found(interaction, found, options, meant=source is not None)
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        if found is None:
            await self.intake.take(interaction, request, attached)
        else:
            await self.intake.take(interaction, request, found.picture, parent=found.parent, start=found.start)

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
        return self.intake.composed(interaction, source, options | {"extras": extras}, wrong)

    def _extras(self, interaction: discord.Interaction, written: str | None) -> dict[str, Any] | None:
        if written is None:
            return None
        if interaction.user.id not in self.intake.extras_users:
            raise Refused(problem("extras_forbidden"))
        return parse_extras(written)
