"""Answers to interactions: the callback, and the messages that the interaction's token opens.

https://discord.com/developers/docs/interactions/receiving-and-responding#endpoints
"""

from aiohttp import web

from demo.discord import posting
from demo.discord.answering import answer, follow_up, upload_limit
from demo.discord.answers import empty, ok
from demo.discord.body import read_body
from demo.discord.errors import Refusal
from demo.discord.interaction import Interaction
from demo.discord.message import Message
from demo.discord.rendering import message_json
from demo.discord.request_context import WORLD
from demo.discord.validate_messages import Draft, check_message
from demo.discord.world import World

WEBHOOK = r"/webhooks/{webhook_id:\d+}/{token}"
ONE = WEBHOOK + r"/messages/{message_id:@original|\d+}"

routes = web.RouteTableDef()


@routes.post(r"/interactions/{interaction_id}/{token}/callback")
async def callback(request: web.Request) -> web.Response:
    """Take the first answer to an interaction; too late or unknown: 10062."""
    world = request.app[WORLD]
    interaction = world.interactions.get(request.match_info["interaction_id"])
    if interaction is None or interaction.failed or interaction.token != request.match_info["token"]:
        raise Refusal(10062)
    body = await read_body(request, upload_limit(world, interaction))
    if interaction.failed:
        raise Refusal(10062)
    told = answer(world, interaction, body)
    return ok(told) if request.query.get("with_response") in ("1", "true") else empty()


def _opened(request: web.Request) -> tuple[World, Interaction]:
    """Return the interaction whose token is in the path; raises Refusal 10015, or 50027 once it is dead."""
    world = request.app[WORLD]
    if request.match_info["webhook_id"] != world.application_id:
        raise Refusal(10015)
    interaction = world.tokens.get(request.match_info["token"])
    if interaction is None or world.now() - interaction.created_at > world.settings.token_lifetime:
        raise Refusal(50027)
    if not interaction.acknowledged or interaction.channel_id not in world.channels:
        raise Refusal(10015)
    return world, interaction


def _message(request: web.Request, world: World, interaction: Interaction) -> Message:
    """Return the message of the path, which must be one of the interaction's; raises Refusal 10008."""
    wanted = request.match_info["message_id"]
    identity = interaction.original_id if wanted == "@original" else wanted
    if identity is None or identity not in (interaction.original_id, *interaction.followup_ids):
        raise Refusal(10008)
    return world.message(interaction.channel_id, identity)


@routes.post(WEBHOOK)
async def execute(request: web.Request) -> web.Response:
    """Post a followup; right after a deferred response it is that response which is edited."""
    world, interaction = _opened(request)
    limit = upload_limit(world, interaction)
    body = await read_body(request, limit)
    if interaction.loading and interaction.original_id:
        original = world.message(interaction.channel_id, interaction.original_id)
        message = _edit(world, interaction, original, check_message(body, limit, existing=original))
    else:
        message = follow_up(world, interaction, check_message(body, limit))
    return ok(message_json(world, message)) if request.query.get("wait") in ("1", "true", "True") else empty()


def _edit(world: World, interaction: Interaction, message: Message, draft: Draft) -> Message:
    if message.id == interaction.original_id:
        interaction.loading = False
    return posting.edit(world, message, draft)


@routes.get(ONE)
async def get_message(request: web.Request) -> web.Response:
    """Answer with one of the interaction's messages."""
    world, interaction = _opened(request)
    return ok(message_json(world, _message(request, world, interaction)))


@routes.patch(ONE)
async def edit_message(request: web.Request) -> web.Response:
    """Edit one of the interaction's messages."""
    world, interaction = _opened(request)
    message = _message(request, world, interaction)
    limit = upload_limit(world, interaction)
    draft = check_message(await read_body(request, limit), limit, existing=message)
    return ok(message_json(world, _edit(world, interaction, message, draft)))


@routes.delete(ONE)
async def delete_message(request: web.Request) -> web.Response:
    """Delete one of the interaction's messages."""
    world, interaction = _opened(request)
    posting.delete(world, _message(request, world, interaction))
    return empty()
