"""The Discord client: dispatches interactions to the features' handlers, of which it knows none by name."""

import logging
import time
from collections.abc import Sequence
from typing import Final

import aiohttp
import discord

from bot.discord_client.command_sync import sync_commands
from bot.discord_client.command_tree import BotCommandTree, report_error
from bot.discord_client.connections import limit_reconnection_delays, open_connector
from bot.discord_client.feature import Feature
from bot.discord_client.gateway_events import skip_unreadable_events
from bot.discord_client.interaction_access import InteractionAccess
from bot.discord_client.running_interactions import RunningInteractions
from bot.discord_client.sharded_client import IdentifyGate, ShardedClient
from bot.discord_client.translator import CommandTranslator
from bot.domain.events import NO_EVENTS, Events
from bot.domain.ports import GuildSettingsStore, PreferencesStore
from bot.domain.shards import Shards
from bot.interactions.access import AccessRule
from bot.interactions.responses import respond_outdated
from bot.interactions.routing import Router, is_routed
from bot.interactions.teams import TeamChoiceReader
from shared.tracing import NO_TRACER, SpanKind, Tracer

log = logging.getLogger(__name__)

GATEWAY_SILENCE_SECONDS: Final = 65.0
"""discord.py gives a connection up after 60 s without an acknowledgement."""


class Bot(ShardedClient):
    """The bot's client, with the commands, buttons, selects and modals of its features.

    A `RejectedError` raised by a handler is shown to the user; any other error is logged and reported. `events` notes
    refusals, `http_trace` sees the requests to Discord.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        preferences_store: PreferencesStore | None = None,
        guild_settings: GuildSettingsStore | None = None,
        access_rule: AccessRule | None = None,
        teams: TeamChoiceReader | None = None,
        *,
        leaves_other_guilds: bool = False,
        proxy: str | None = None,
        shards: Shards | None = None,
        identify_gate: IdentifyGate | None = None,
        tracer: Tracer = NO_TRACER,
        events: Events = NO_EVENTS,
        http_trace: aiohttp.TraceConfig | None = None,
    ) -> None:
        super().__init__(
            shards=shards,
            identify_gate=identify_gate,
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True),  # none is privileged
            max_messages=None,  # none is looked up
            allowed_mentions=discord.AllowedMentions.none(),
            proxy=proxy,
            http_trace=http_trace,
            enable_debug_events=True,  # for `on_socket_raw_receive`
        )
        skip_unreadable_events(self._connection.parsers)
        self._received_at = float("-inf")
        self.running_interactions = RunningInteractions(
            preferences_store, guild_settings, access_rule, InteractionAccess(features), teams, events
        )
        self._leaves_other_guilds = leaves_other_guilds
        commands = (command for feature in features for command in feature.commands)
        self.tree = BotCommandTree(self, commands, self.running_interactions, tracer)
        self._tracer = tracer
        self._message_handlers = [handler for feature in features for handler in feature.message_handlers]
        self._join_handlers = [handler for feature in features for handler in feature.join_handlers]
        self.notice_renderers = {
            kind: renderer for feature in features for kind, renderer in feature.notice_renderers.items()
        }
        self.router = Router(route for feature in features for route in feature.routes)

    async def login(self, token: str) -> None:
        """Log in, over connections that break when nothing comes back. Raises `discord.LoginFailure`."""
        limit_reconnection_delays()
        self.http.connector = open_connector()
        await super().login(token)

    async def setup_hook(self) -> None:
        """Prepare the session; discord.py calls this between the login and the gateway."""
        await self.read_gateway()
        await self.tree.set_translator(CommandTranslator())
        await sync_commands(self.tree)

    async def on_socket_raw_receive(self, _: str) -> None:
        """Note that the gateway is alive: it acknowledges a heartbeat every 41 s even if nothing else happens."""
        self._received_at = time.monotonic()

    def is_receiving(self) -> bool:
        """Tell whether the client is connected and has received anything from the gateway lately."""
        is_alive = time.monotonic() - self._received_at < GATEWAY_SILENCE_SECONDS
        return self.is_ready() and not self.is_closed() and is_alive

    async def on_ready(self) -> None:
        """Log that the bot is ready."""
        count = self.shard_count or 1
        sharding = f", with {len(self.shards)} of {count} shards" if count > 1 else ""
        log.info("ready as %s in %d guilds%s", self.user, len(self.guilds), sharding)
        for guild in self.guilds:
            await self._leave_unless_served(guild)

    async def on_message(self, message: discord.Message) -> None:
        """Hand a message to the features, unless it is of a server that is not served."""
        if message.guild is None or self._is_served(message.guild):
            for handler in self._message_handlers:
                await handler(message)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Hand a server that the bot has joined to the features; one that is back after an outage is none."""
        if self._is_served(guild):
            for handler in self._join_handlers:
                await handler(guild)
        else:
            await self._leave_unless_served(guild)

    def _is_served(self, guild: discord.Guild) -> bool:
        rule = self.running_interactions.access_rule
        return rule is None or rule.is_served(guild.id)

    async def _leave_unless_served(self, guild: discord.Guild) -> None:
        """Leave a server that is not served, if the bot is to leave those."""
        if self._leaves_other_guilds and not self._is_served(guild):
            log.warning("left the server %s (%s), which SERVERS does not name", guild.id, guild.name)
            await guild.leave()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Handle a button, a select or a modal; discord.py hands commands to the tree."""
        if is_routed(interaction):
            with self._tracer.start_span(interaction.type.name, kind=SpanKind.SERVER):
                await self._handle_component(interaction)

    async def _handle_component(self, interaction: discord.Interaction) -> None:
        try:
            if not await self.running_interactions.start_interaction(interaction):
                return
            handler = self.router.find_handler(interaction)
            if handler is None:
                await respond_outdated(interaction)
            else:
                await handler()
        except Exception as error:  # noqa: BLE001 - every error is reported to the user
            await report_error(interaction, error)
