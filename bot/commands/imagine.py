"""`/imagine`: from the options of the command to a request, or to words that only its author sees."""

from dataclasses import dataclass
from typing import Any

import discord

from bot.intake import Intake
from bot.interactions.answers import refuse
from bot.ports import Source
from shared.errors import Refused, problem
from shared.request import Request, compose, parse_extras


@dataclass(frozen=True)
class Imagine:
    """Reads the options; `intake` does the rest."""

    intake: Intake

    async def __call__(
        self, interaction: discord.Interaction, *, image: discord.Attachment | None = None, **options: Any
    ) -> None:
        """Answer the command. What is unexpected is raised; `bot.client` logs it and tells the author."""
        source = Source(image.url, image.size, image.filename) if image else None
        try:
            request = self._request(interaction, source, options)
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        await self.intake.take(interaction, request, source)

    def _request(self, interaction: discord.Interaction, source: Source | None, options: dict[str, Any]) -> Request:
        wrong = self.intake.wrong(interaction, source)
        try:
            options |= {"extras": self._extras(interaction, options.get("extras"))}
        except Refused as refused:
            wrong += refused.problems
            options |= {"extras": None}
        try:
            request = compose(self.intake.catalogue, has_picture=source is not None, **options)
        except Refused as refused:
            raise Refused(*wrong, *refused.problems) from refused
        if wrong:
            raise Refused(*wrong)
        return request

    def _extras(self, interaction: discord.Interaction, written: str | None) -> dict[str, Any] | None:
        if written is None:
            return None
        if interaction.user.id not in self.intake.extras_users:
            raise Refused(problem("extras_forbidden"))
        return parse_extras(written)
