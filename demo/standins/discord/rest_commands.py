"""REST: application commands, global and per guild.

https://discord.com/developers/docs/interactions/application-commands#endpoints
"""

from typing import Any

from aiohttp import web

from demo.standins.discord.app_keys import STATE
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.request_body import read_json, read_json_object
from demo.standins.discord.responses import json_response, no_content_response
from demo.standins.discord.state import DiscordState
from demo.standins.discord.visible_commands import send_commands_update

COMMANDS_PATH = r"/applications/{application_id}{guild:(?:/guilds/\d+)?}/commands"
COMMAND_PATH = COMMANDS_PATH + r"/{command_id:\d+}"

routes = web.RouteTableDef()


def _get_scope(request: web.Request) -> tuple[DiscordState, str | None]:
    """Return the state and the guild id of the path (None: global).

    Raises DiscordApiError 20012 for another application, 50001 for a guild without the bot.
    """
    state = request.app[STATE]
    if request.match_info["application_id"] != state.application_id:
        raise DiscordApiError(20012)
    guild_id = request.match_info["guild"].rpartition("/")[2] or None
    if guild_id is not None and not (guild_id in state.guilds and state.guilds[guild_id].is_bot_present):
        raise DiscordApiError(50001)
    return state, guild_id


def _render_command(request: web.Request, command: dict[str, Any]) -> dict[str, Any]:
    """Remove the localizations unless the query asks for them."""
    if request.query.get("with_localizations", "").lower() in ("true", "1"):
        return command
    return _remove_localizations(command)


def _remove_localizations(item: dict[str, Any]) -> dict[str, Any]:
    remaining = {key: value for key, value in item.items() if not key.endswith("_localizations")}
    for key in ("options", "choices"):
        if key in remaining:
            remaining[key] = [_remove_localizations(inner) for inner in remaining[key]]
    return remaining


@routes.get(COMMANDS_PATH)
async def list_commands(request: web.Request) -> web.Response:
    """Return the commands of a scope."""
    state, scope = _get_scope(request)
    return json_response([_render_command(request, command) for command in state.commands.list_commands(scope)])


@routes.put(COMMANDS_PATH)
async def overwrite_commands(request: web.Request) -> web.Response:
    """Replace all commands of a scope."""
    state, scope = _get_scope(request)
    payloads = await read_json(request)
    if not isinstance(payloads, list):
        error = {"code": "LIST_TYPE_CONVERT", "message": "Only iterables may be used in a ListType"}
        raise DiscordApiError(50035, errors={"_errors": [error]})
    commands = state.commands.replace(scope, payloads)
    send_commands_update(state)
    return json_response(commands)


@routes.post(COMMANDS_PATH)
async def create_command(request: web.Request) -> web.Response:
    """Create a command (201), or overwrite the one of the same name (200)."""
    state, scope = _get_scope(request)
    command, created = state.commands.upsert(scope, await read_json_object(request))
    send_commands_update(state)
    return json_response(command, 201 if created else 200)


@routes.get(r"/applications/{application_id}{guild:/guilds/\d+}/commands/permissions")
async def list_command_permissions(request: web.Request) -> web.Response:
    """Return the switches of a guild's Integrations page: of the application and of its commands."""
    state, guild_id = _get_scope(request)
    return json_response(state.commands.list_permissions(str(guild_id)))


@routes.get(COMMAND_PATH)
async def get_command(request: web.Request) -> web.Response:
    """Return one command."""
    state, scope = _get_scope(request)
    return json_response(state.commands.get(scope, request.match_info["command_id"]))


@routes.patch(COMMAND_PATH)
async def edit_command(request: web.Request) -> web.Response:
    """Edit a command."""
    state, scope = _get_scope(request)
    command = state.commands.edit(scope, request.match_info["command_id"], await read_json_object(request))
    send_commands_update(state)
    return json_response(command)


@routes.delete(COMMAND_PATH)
async def delete_command(request: web.Request) -> web.Response:
    """Delete a command."""
    state, scope = _get_scope(request)
    state.commands.delete(scope, request.match_info["command_id"])
    send_commands_update(state)
    return no_content_response()
