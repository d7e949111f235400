"""The interactions being handled, so that the bot can finish them before it stops."""

import asyncio
import logging
from typing import Any, Final

import discord

from bot.discord_client.interaction_access import InteractionAccess
from bot.domain.events import NO_EVENTS, Events
from bot.domain.ports import GuildSettingsStore, PreferencesStore
from bot.interactions.access import Access, AccessRule
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.events import set_events
from bot.interactions.locale import get_localized_messages, load_guild_settings, load_preferences
from bot.interactions.responses import respond_privately, respond_with_problems
from bot.interactions.teams import TeamChoiceReader, load_team_choice
from shared.problems import RejectedError

log = logging.getLogger(__name__)

SHUTDOWN_GRACE_SECONDS: Final = 20.0


class RunningInteractions:
    """Tracks interactions, and turns new ones away once the bot is stopping."""

    def __init__(
        self,
        preferences_store: PreferencesStore | None = None,
        guild_settings: GuildSettingsStore | None = None,
        access_rule: AccessRule | None = None,
        interaction_access: InteractionAccess | None = None,
        teams: TeamChoiceReader | None = None,
        events: Events = NO_EVENTS,
    ) -> None:
        self.is_draining = False
        self.preferences_store = preferences_store
        self.guild_settings = guild_settings
        self.access_rule = access_rule
        self.interaction_access = interaction_access or InteractionAccess()
        self.teams = teams
        self.events = events
        self.tasks: set[asyncio.Task[Any]] = set()

    async def start_interaction(self, interaction: discord.Interaction) -> bool:
        """Track the current task and load the user's and the server's choices.

        False, and the user is told why, when the bot is stopping or they may not use it.
        """
        if self.is_draining:
            if interaction.type is not discord.InteractionType.autocomplete:
                await respond_privately(interaction, get_localized_messages(interaction).text("errors.restarting"))
            return False
        set_events(interaction, self.events)
        task = asyncio.current_task()
        if task is not None:
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        await asyncio.gather(
            load_preferences(interaction, self.preferences_store),
            load_guild_settings(interaction, self.guild_settings),
            load_team_choice(interaction, self.teams),
        )
        return self.access_rule is None or await self._check_access(interaction, self.access_rule)

    async def _check_access(self, interaction: discord.Interaction, access_rule: AccessRule) -> bool:
        """Tell whether the interaction may go on; if that is unknown, it may unless it could lead to a picture."""
        access = self.interaction_access.find_access(interaction)
        try:
            async with limit_lookup_time(interaction):
                refusal = await access_rule.find_refusal(interaction, access)
            problems = [] if refusal is None else [refusal]
        except RejectedError as failure:
            log.warning("interaction %s: it is unknown whether it is allowed: %s", interaction.id, failure)
            problems = [*failure.problems] if access is Access.REQUEST else []
        if problems and interaction.type is not discord.InteractionType.autocomplete:
            await respond_with_problems(interaction, problems)
        return not problems

    async def drain(self) -> None:
        """Turn new interactions away and wait up to `SHUTDOWN_GRACE_SECONDS` for the running ones."""
        self.is_draining = True
        if self.tasks:
            log.info("finishing %d interactions", len(self.tasks))
            await asyncio.wait(self.tasks, timeout=SHUTDOWN_GRACE_SECONDS)
