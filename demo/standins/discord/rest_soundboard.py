"""Soundboard sounds, for which some libraries ask before they are ready; a guild has none of its own.

https://discord.com/developers/docs/resources/soundboard
"""

from aiohttp import web

from demo.standins.discord.responses import json_response
from demo.standins.discord.rest_guilds import load_guild

DEFAULT_SOUNDS = (
    ("quack", "\U0001f986"),
    ("airhorn", "\U0001f50a"),
    ("cricket", "\U0001f997"),
    ("golf clap", "\U0001f44f"),
    ("sad horn", "\U0001f3ba"),
    ("ba dum tss", "\U0001f941"),
)
"""Names and emoji."""

routes = web.RouteTableDef()


@routes.get("/soundboard-default-sounds")
async def list_default_sounds(_: web.Request) -> web.Response:
    """Return the sounds that everyone has."""
    return json_response(
        [
            {
                "name": name,
                "sound_id": str(number),
                "volume": 1.0,
                "emoji_id": None,
                "emoji_name": emoji,
                "available": True,
            }
            for number, (name, emoji) in enumerate(DEFAULT_SOUNDS, 1)
        ]
    )


@routes.get(r"/guilds/{guild_id:\d+}/soundboard-sounds")
async def list_guild_sounds(request: web.Request) -> web.Response:
    """Return the sounds of a guild: none."""
    load_guild(request)
    return json_response({"items": []})
