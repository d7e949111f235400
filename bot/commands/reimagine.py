"""“Reimagine”, used on a message with a picture: a form asks what the picture should become, then it is asked for.

Discord shows the bot the message only as the command is used (it has no MESSAGE_CONTENT intent), so the pictures'
addresses are kept as a draft for as long as the form may be open.
https://discord.com/developers/docs/events/gateway#message-content-intent
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import discord
from discord import app_commands

from bot.commands.translation import words
from bot.intake import Intake
from bot.interactions.answers import open_form, refuse
from bot.interactions.forms import Form, modal
from bot.interactions.patience import looking_up
from bot.interactions.speaking import phrases_of, preferences_of
from bot.ports import Draft, Drafting, Source
from bot.recall import job_of, pictures_in
from bot.render.fields import OPTIONS_LIMIT, model_field, picture_field, text_field
from bot.views import Press
from shared.errors import Refused, problem
from shared.request import Request

VERB: Final = "reimagine"

MenuHandler = Callable[[discord.Interaction, discord.Message], Coroutine[Any, Any, None]]


def message_command(key: str, handler: MenuHandler) -> app_commands.ContextMenu:
    """Build the command that is found in the menu of a message, named `command.<key>.name`."""

    @app_commands.guild_only()
    @app_commands.guild_install()
    async def callback(interaction: discord.Interaction, message: discord.Message) -> None:
        await handler(interaction, message)

    return app_commands.ContextMenu(name=words(f"command.{key}.name"), callback=callback)


@dataclass(frozen=True)
class Reimagine:
    """Opens the form on a message and takes on what comes back. `drafts` keep the pictures meanwhile."""

    intake: Intake
    drafts: Drafting

    async def __call__(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Open the form, or say why there is none."""
        try:
            pictures = self._pictures(interaction, message)
            parent = job_of(message, interaction.client)
            async with looking_up(interaction):
                await self.drafts.draft(str(interaction.id), Draft(interaction.user.id, pictures, parent))
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        await open_form(interaction, self._form(interaction, pictures))

    async def submitted(self, interaction: discord.Interaction, form: Form) -> None:
        """Take on what the form asks for."""
        try:
            async with looking_up(interaction):
                draft, source = await self._draft(interaction, form)
            request = self._request(interaction, form, source)
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        await self.intake.take(interaction, request, source, parent=draft.parent)

    def _pictures(self, interaction: discord.Interaction, message: discord.Message) -> tuple[Source, ...]:
        pictures = tuple(pictures_in(message))[:OPTIONS_LIMIT]
        if not pictures:
            raise Refused(problem("no_picture"))
        if self.intake.catalogue.reading_pictures("") is None:
            raise Refused(problem("picture_unsupported_anywhere"))
        wrong = self.intake.wrong(interaction, pictures[0] if len(pictures) == 1 else None)
        if wrong:
            raise Refused(*wrong)
        return pictures

    def _form(self, interaction: discord.Interaction, pictures: tuple[Source, ...]) -> discord.ui.Modal:
        phrases, catalogue = phrases_of(interaction), self.intake.catalogue
        preferred = preferences_of(interaction).options
        keep = f"{preferred['keep']:g}" if "keep" in preferred else ""
        parts = [
            text_field("prompt", phrases, long=True, required=True),
            text_field("negative", phrases, long=True),
            text_field("keep", phrases, value=keep),
            model_field(catalogue, datetime.now(UTC).date(), preferred.get("model", catalogue.default), phrases),
        ]
        if len(pictures) > 1:
            parts.append(picture_field([picture.name for picture in pictures], phrases))
        return modal(phrases.say("command.reimagine.title"), Press(VERB, str(interaction.id)), *parts)

    async def _draft(self, interaction: discord.Interaction, form: Form) -> tuple[Draft, Source]:
        """Give the draft of the form, which is its opener's alone, and the picture that was chosen."""
        draft = await self.drafts.drafted(form.job_id)
        chosen = form.text("image") or "0"
        pictures = dict(enumerate(draft.pictures)) if draft and draft.user == interaction.user.id else {}
        if draft is None or not chosen.isdecimal() or int(chosen) not in pictures:
            raise Refused(problem("draft_gone"))
        return draft, pictures[int(chosen)]

    def _request(self, interaction: discord.Interaction, form: Form, source: Source) -> Request:
        given = {name: form.text(name) for name in ("prompt", "negative", "model", "keep")}
        return self.intake.composed(interaction, source, given)
