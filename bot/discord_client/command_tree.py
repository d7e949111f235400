"""The commands of the bot, and the reports of those that fail."""

import logging
from collections.abc import Iterable
from typing import Any

import discord
from discord import app_commands

from bot.discord_client.feature import AnyCommand
from bot.discord_client.running_interactions import RunningInteractions
from bot.interactions.responses import respond_or_followup_with_problems, respond_outdated
from shared.problems import RejectedError, make_problem
from shared.tracing import NO_TRACER, SpanKind, Tracer

log = logging.getLogger(__name__)


class BotCommandTree(app_commands.CommandTree[discord.Client]):
    """The commands. An unexpected error is logged with the job's id and reported."""

    def __init__(
        self,
        client: discord.Client,
        commands: Iterable[AnyCommand],
        running_interactions: RunningInteractions | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        super().__init__(
            client,
            allowed_installs=app_commands.AppInstallationType(guild=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
        )
        for command in commands:
            self.add_command(command)
        self._running_interactions = running_interactions or RunningInteractions()
        self._tracer = tracer

    async def _call(self, interaction: discord.Interaction) -> None:
        """Run a command in a span of its name. discord.py has no public hook around a whole command."""
        if interaction.type is discord.InteractionType.autocomplete:
            await super()._call(interaction)
            return
        data: Any = interaction.data or {}
        with self._tracer.start_span(f"/{data.get('name', '')}", kind=SpanKind.SERVER):
            await super()._call(interaction)

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Let a command run unless the bot is stopping."""
        return await self._running_interactions.start_interaction(interaction)

    async def on_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        """Respond to a command that failed or that this version of the bot does not have."""
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            log.warning("interaction %s: %s", interaction.id, error)
            try:
                await respond_outdated(interaction)
            except Exception:  # Discord itself may be what fails
                log.exception("interaction %s: no response could be sent", interaction.id)
            return
        await report_error(interaction, error.__cause__ or error)


async def report_error(interaction: discord.Interaction, error: BaseException) -> None:
    """Show the user why a request was rejected; log any other error and report it as a fault of the bot."""
    if isinstance(error, RejectedError):
        problems = error.problems
    else:
        log.error("job %s: the command failed", interaction.id, exc_info=error)
        problems = (make_problem("internal"),)
    try:
        await respond_or_followup_with_problems(interaction, problems)
    except Exception:  # Discord itself may be what fails
        log.exception("interaction %s: no response could be sent", interaction.id)
