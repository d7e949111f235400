"""The bot's own account, its application, and where the gateway is.

https://discord.com/developers/docs/resources/user
https://discord.com/developers/docs/resources/application
"""

from typing import Any

from aiohttp import web

from demo.discord import posting
from demo.discord.answers import ok
from demo.discord.body import read_object
from demo.discord.errors import Refusal
from demo.discord.gateway import MAX_CONCURRENCY
from demo.discord.permissions import BOT, guild_permissions
from demo.discord.request_context import WORLD
from demo.discord.snowflake import is_snowflake
from demo.discord.world import World

IDENTIFIES = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": MAX_CONCURRENCY}

routes = web.RouteTableDef()


def application_json(world: World) -> dict[str, Any]:
    """Return the application object as its owner sees it."""
    return {
        "id": world.application_id,
        "name": world.bot.name,
        "icon": None,
        "description": "Pictures from pictures.",
        "summary": "",
        "type": None,
        "bot": world.bot.json(),
        "bot_public": True,
        "bot_require_code_grant": False,
        "integration_types_config": {
            "0": {
                "oauth2_install_params": {
                    "scopes": ["applications.commands", "bot"],
                    "permissions": str(int(BOT)),
                }
            }
        },
        "verify_key": "0" * 64,
        "flags": 0,
        "flags_new": "0",
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": world.users[world.guild.owner_id].json(),
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "event_webhooks_url": None,
        "event_webhooks_status": 1,
        "event_webhooks_types": [],
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["applications.commands", "bot"],
    }


@routes.get("/users/@me")
async def me(request: web.Request) -> web.Response:
    """Answer with the bot's own user."""
    return ok(request.app[WORLD].bot.private_json())


@routes.get("/oauth2/applications/@me")
@routes.get("/applications/@me")
async def application(request: web.Request) -> web.Response:
    """Answer with the bot's application."""
    return ok(application_json(request.app[WORLD]))


@routes.get("/gateway")
async def gateway(request: web.Request) -> web.Response:
    """Answer with the gateway's address."""
    return ok({"url": request.app[WORLD].gateway_url})


@routes.get("/gateway/bot")
async def gateway_bot(request: web.Request) -> web.Response:
    """Answer with the gateway's address, the shards to use and the identifies left."""
    world = request.app[WORLD]
    return ok({"url": world.gateway_url, "shards": 1, "session_start_limit": IDENTIFIES})


@routes.get("/users/@me/guilds")
async def my_guilds(request: web.Request) -> web.Response:
    """Answer with the guilds the bot is in."""
    world = request.app[WORLD]
    guilds: list[dict[str, Any]] = [
        {
            "id": guild.id,
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(guild_permissions(guild, world.bot.id)),
            "features": [],
        }
        for guild in world.guilds.values()
        if guild.bot_present
    ]
    return ok(guilds)


@routes.post("/users/@me/channels")
async def open_dm(request: web.Request) -> web.Response:
    """Open the DM channel with a user."""
    world, body = request.app[WORLD], await read_object(request)
    if not is_snowflake(body.get("recipient_id")):
        fault = {"code": "BASE_TYPE_REQUIRED", "message": "This field is required"}
        raise Refusal(50035, errors={"recipient_id": {"_errors": [fault]}})
    user = world.users.get(str(body["recipient_id"]))
    if user is None:
        raise Refusal(10013)
    if user.bot:
        raise Refusal(50007)
    return ok(posting.open_dm(world, user).json())


@routes.get("/users/{user_id}")
async def user(request: web.Request) -> web.Response:
    """Answer with a user."""
    found = request.app[WORLD].users.get(request.match_info["user_id"])
    if found is None:
        raise Refusal(10013)
    return ok(found.json())
