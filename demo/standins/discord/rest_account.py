"""REST: the bot's account, its application, and the gateway's URL.

https://discord.com/developers/docs/resources/user
https://discord.com/developers/docs/resources/application
"""

from typing import Any

from aiohttp import web

from demo.standins.discord import message_operations
from demo.standins.discord.app_keys import STATE
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.permissions import BOT_PERMISSIONS, compute_guild_permissions
from demo.standins.discord.request_body import read_json_object
from demo.standins.discord.responses import json_response
from demo.standins.discord.snowflake import is_snowflake
from demo.standins.discord.state import DiscordState

routes = web.RouteTableDef()


def render_application(state: DiscordState) -> dict[str, Any]:
    """Return the application object as the owner sees it."""
    return {
        "id": state.application_id,
        "name": state.bot.name,
        "icon": None,
        "description": "Turns images into new images.",
        "summary": "",
        "type": None,
        "bot": state.bot.to_json(),
        "bot_public": True,
        "bot_require_code_grant": False,
        "integration_types_config": {
            "0": {
                "oauth2_install_params": {
                    "scopes": ["applications.commands", "bot"],
                    "permissions": str(int(BOT_PERMISSIONS)),
                }
            }
        },
        "verify_key": "0" * 64,
        "flags": 0,
        "flags_new": "0",
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": state.users[state.guild.owner_id].to_json(),
        "approximate_guild_count": len(state.guilds),
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
async def get_current_user(request: web.Request) -> web.Response:
    """Return the bot's user."""
    return json_response(request.app[STATE].bot.to_private_json())


@routes.get("/oauth2/applications/@me")
@routes.get("/applications/@me")
async def get_application(request: web.Request) -> web.Response:
    """Return the bot's application."""
    return json_response(render_application(request.app[STATE]))


@routes.get("/gateway")
async def get_gateway(request: web.Request) -> web.Response:
    """Return the gateway's URL."""
    return json_response({"url": request.app[STATE].gateway_url})


@routes.get("/gateway/bot")
async def get_gateway_bot(request: web.Request) -> web.Response:
    """Return the gateway's URL, the recommended number of shards, and the session start limit."""
    state = request.app[STATE]
    limit = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000}
    return json_response(
        {
            "url": state.gateway_url,
            "shards": state.settings.shards,
            "session_start_limit": limit | {"max_concurrency": state.settings.max_concurrency},
        }
    )


@routes.get("/users/@me/guilds")
async def list_guilds(request: web.Request) -> web.Response:
    """Return the guilds that the bot is in."""
    state = request.app[STATE]
    guilds: list[dict[str, Any]] = [
        {
            "id": guild.id,
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(compute_guild_permissions(guild, state.bot.id)),
            "features": [],
        }
        for guild in state.guilds.values()
        if guild.is_bot_present
    ]
    return json_response(guilds)


@routes.post("/users/@me/channels")
async def open_dm(request: web.Request) -> web.Response:
    """Open the DM channel with a user."""
    state, body = request.app[STATE], await read_json_object(request)
    if not is_snowflake(body.get("recipient_id")):
        error = {"code": "BASE_TYPE_REQUIRED", "message": "This field is required"}
        raise DiscordApiError(50035, errors={"recipient_id": {"_errors": [error]}})
    user = state.users.get(str(body["recipient_id"]))
    if user is None:
        raise DiscordApiError(10013)
    if user.is_bot:
        raise DiscordApiError(50007)
    return json_response(message_operations.open_dm_channel(state, user).to_json())


@routes.get("/users/{user_id}")
async def get_user(request: web.Request) -> web.Response:
    """Return a user."""
    found = request.app[STATE].users.get(request.match_info["user_id"])
    if found is None:
        raise DiscordApiError(10013)
    return json_response(found.to_json())
