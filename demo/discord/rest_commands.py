"""Application commands, global and of a guild.

https://discord.com/developers/docs/interactions/application-commands#endpoints
"""

from typing import Any

from aiohttp import web

from demo.discord.answers import empty, ok
from demo.discord.body import read_any, read_object
from demo.discord.errors import Refusal
from demo.discord.offer import tell_commands
from demo.discord.request_context import WORLD
from demo.discord.world import World

ALL = r"/applications/{application_id}{guild:(?:/guilds/\d+)?}/commands"
ONE = ALL + r"/{command_id:\d+}"

routes = web.RouteTableDef()


def _scope(request: web.Request) -> tuple[World, str | None]:
    """Return the world and the guild id of the path (None: global); another's application or guild is refused."""
    world = request.app[WORLD]
    if request.match_info["application_id"] != world.application_id:
        raise Refusal(20012)
    guild_id = request.match_info["guild"].rpartition("/")[2] or None
    if guild_id is not None and not (guild_id in world.guilds and world.guilds[guild_id].bot_present):
        raise Refusal(50001)
    return world, guild_id


def _shown(request: web.Request, command: dict[str, Any]) -> dict[str, Any]:
    """Leave the localisations out of a list unless they are asked for."""
    if request.query.get("with_localizations", "").lower() in ("true", "1"):
        return command
    return _without_localisations(command)


def _without_localisations(item: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in item.items() if not key.endswith("_localizations")}
    for key in ("options", "choices"):
        if key in kept:
            kept[key] = [_without_localisations(inner) for inner in kept[key]]
    return kept


@routes.get(ALL)
async def list_commands(request: web.Request) -> web.Response:
    """Answer with the commands of a scope."""
    world, scope = _scope(request)
    return ok([_shown(request, command) for command in world.commands.all(scope)])


@routes.put(ALL)
async def overwrite_commands(request: web.Request) -> web.Response:
    """Replace all commands of a scope, of every type."""
    world, scope = _scope(request)
    payloads = await read_any(request)
    if not isinstance(payloads, list):
        fault = {"code": "LIST_TYPE_CONVERT", "message": "Only iterables may be used in a ListType"}
        raise Refusal(50035, errors={"_errors": [fault]})
    commands = world.commands.replace(scope, payloads)
    tell_commands(world)
    return ok(commands)


@routes.post(ALL)
async def create_command(request: web.Request) -> web.Response:
    """Create a command (201), or overwrite that of the same name (200)."""
    world, scope = _scope(request)
    command, created = world.commands.upsert(scope, await read_object(request))
    tell_commands(world)
    return ok(command, 201 if created else 200)


@routes.get(ONE)
async def get_command(request: web.Request) -> web.Response:
    """Answer with one command."""
    world, scope = _scope(request)
    return ok(world.commands.get(scope, request.match_info["command_id"]))


@routes.patch(ONE)
async def edit_command(request: web.Request) -> web.Response:
    """Change a command."""
    world, scope = _scope(request)
    command = world.commands.edit(scope, request.match_info["command_id"], await read_object(request))
    tell_commands(world)
    return ok(command)


@routes.delete(ONE)
async def delete_command(request: web.Request) -> web.Response:
    """Remove a command."""
    world, scope = _scope(request)
    world.commands.delete(scope, request.match_info["command_id"])
    tell_commands(world)
    return empty()
