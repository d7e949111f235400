"""Checking Discord: the token, intents, the link that installs the bot, its commands, sessions and the clock."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import aiohttp
import discord

from bot.discord_client.command_sync import is_in_sync
from bot.discord_client.command_tree import BotCommandTree
from bot.discord_client.feature import AnyCommand
from bot.discord_client.translator import CommandTranslator
from bot.interactions.permissions import INVITE_PERMISSIONS
from bot.settings import Settings
from shared.doctor.clock import check_date_header
from shared.doctor.findings import Finding, Status

CHECK_TIMEOUT_SECONDS: Final = 30.0
INSTALL_SCOPES: Final = ("bot", "applications.commands")
FEW_SESSIONS: Final = 20


async def check_discord(settings: Settings, commands: Sequence[AnyCommand] | None) -> list[Finding]:
    """Log in and look at the application, its commands (None: they are not known here) and the clock."""
    proxy = settings.proxies.choose_proxy(settings.discord_api_url)
    findings = await _check_clock(settings.discord_api_url, proxy)
    async with discord.Client(intents=discord.Intents(guilds=True), proxy=proxy) as client:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                await client.login(settings.discord_token.get_secret_value())
                findings.append(Finding("discord.token", Status.OK, f"It is that of {client.user}."))
                application = await client.application_info()
                findings += _check_application(application, settings)
                findings += await _check_sessions(client)
                if commands is not None:
                    findings.append(await _check_commands(client, commands))
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            findings.append(_describe_error(error))
    return findings


async def _check_clock(api_url: str, proxy: str | None) -> list[Finding]:
    """Compare the clocks. Where Discord cannot be reached the login says so."""
    timeout = aiohttp.ClientTimeout(CHECK_TIMEOUT_SECONDS)
    asked_at = time.time()
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{api_url}/gateway", proxy=proxy) as response,
        ):
            date = response.headers.get("Date")
    except (aiohttp.ClientError, OSError):
        return []
    return check_date_header("clock.discord", "Discord", date, asked_at, time.time())


def _check_application(application: discord.AppInfo, settings: Settings) -> list[Finding]:
    link = discord.utils.oauth_url(application.id, permissions=INVITE_PERMISSIONS, scopes=INSTALL_SCOPES)
    permissions = f"It asks for the permissions {INVITE_PERMISSIONS.value}, the least that are needed."
    return [
        Finding("discord.install", Status.OK, f"{link}  {permissions}"),
        _check_intents(application.flags),
        _check_access(settings, is_public=application.bot_public),
    ]


def _check_intents(flags: discord.ApplicationFlags) -> Finding:
    """Check that no privileged intent is on: the bot needs none, and Discord asks large bots why they have them."""
    switches = {
        "Presence Intent": flags.gateway_presence or flags.gateway_presence_limited,
        "Server Members Intent": flags.gateway_guild_members or flags.gateway_guild_members_limited,
        "Message Content Intent": flags.gateway_message_content or flags.gateway_message_content_limited,
    }
    if needless := [name for name, is_on in switches.items() if is_on]:
        what = f"Privileged intents are on that nothing uses: {', '.join(needless)}."
        return Finding("discord.intents", Status.WARNING, what, "Turn them off: developer portal, Bot.")
    return Finding("discord.intents", Status.OK, "No privileged intent is on, and none is needed.")


def _check_access(settings: Settings, *, is_public: bool) -> Finding:
    if settings.servers:
        return Finding("discord.access", Status.OK, f"SERVERS names who may use the bot ({len(settings.servers)}).")
    if not is_public:
        return Finding("discord.access", Status.OK, "Only its owner can add the bot to servers.")
    return Finding(
        "discord.access",
        Status.WARNING,
        "Anyone can add the bot to their server and spend your money.",
        "Name your servers in SERVERS, or turn off Public Bot: developer portal, Bot.",
    )


async def _check_sessions(client: discord.Client) -> list[Finding]:
    """Check how many more times the bot may connect today.

    https://discord.com/developers/docs/events/gateway#session-start-limit-object
    """
    answer = await client.http.request(discord.http.Route("GET", "/gateway/bot"))
    limit, shards = answer.get("session_start_limit", {}), answer.get("shards", 1)
    remaining = int(limit.get("remaining", FEW_SESSIONS))
    what = f"The bot may connect {remaining} more times today; shards recommended by Discord: {shards}."
    if remaining >= FEW_SESSIONS * shards:
        return [Finding("discord.sessions", Status.OK, what)]
    status = Status.WARNING if remaining >= shards else Status.ERROR
    return [Finding("discord.sessions", status, what, "Find out why it starts so often; the limit is reset every day.")]


async def _check_commands(client: discord.Client, commands: Sequence[AnyCommand]) -> Finding:
    tree = BotCommandTree(client, commands)
    await tree.set_translator(CommandTranslator())
    if await is_in_sync(tree):
        return Finding("discord.commands", Status.OK, "They are registered with Discord.")
    return Finding("discord.commands", Status.OK, "They are not those of this release; the next start registers them.")


def _describe_error(error: Exception) -> Finding:
    match error:
        case discord.LoginFailure():
            advice = "Make a new one: developer portal, Bot, Reset Token."
            return Finding("discord.token", Status.ERROR, "Discord refuses DISCORD_TOKEN.", advice)
        case TimeoutError():
            what = f"Discord does not answer within {CHECK_TIMEOUT_SECONDS:g} s."
        case _:
            what = f"Discord cannot be used ({error or type(error).__name__})."
    return Finding("discord.api", Status.ERROR, what, "Check DISCORD_API_URL, HTTPS_PROXY and the network.")
