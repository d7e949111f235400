"""A second guild, direct messages, and which commands a user sees where."""

import io
from typing import Any

import discord

from demo.standins.discord.interaction_create import render_interaction
from tests.support.discord_standin import CommandBot, DiscordStandIn, drain_events, run_bot

BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
ROW = {"type": 1, "components": [BUTTON]}
MANAGE_GUILD, ADMINISTRATOR = 1 << 5, 1 << 3


async def test_a_press_in_a_second_guild_has_that_guilds_id(discord_standin: DiscordStandIn) -> None:
    other = await discord_standin.call_page_api(
        "POST", "/control/guilds", {"name": "Elsewhere", "members": ["ben", "ada"]}
    )
    (channel,) = other["channels"]
    message = await discord_standin.call_rest_ok(
        "POST", f"/channels/{channel['id']}/messages", {"content": "x", "components": [ROW]}
    )

    pressed = discord_standin.state.interactions[await discord_standin.press_button(message["id"], "go")]

    response = render_interaction(discord_standin.state, pressed)
    assert (response["guild_id"], response["guild"]["id"]) == (other["id"], other["id"])
    assert response["authorizing_integration_owners"] == {"0": other["id"]}
    assert (
        response["member"]["roles"]
        != render_interaction(discord_standin.state, await discord_standin.start_interaction())["member"]["roles"]
    )


async def test_a_bot_in_two_guilds_has_the_permissions_of_each(discord_standin: DiscordStandIn) -> None:
    other = await discord_standin.call_page_api("POST", "/control/guilds", {"name": "Elsewhere"})
    role = await discord_standin.call_page_api(
        "POST", "/control/roles", {"name": "Mods", "permissions": MANAGE_GUILD, "guild_id": other["id"]}
    )
    await discord_standin.call_page_api("PUT", "/control/members/ada", {"roles": [role["id"]], "guild_id": other["id"]})
    async with run_bot(bot := CommandBot()):
        assert {guild.name for guild in bot.guilds} == {"Pentimento Studio", "Elsewhere"}
        await discord_standin.call_page_api("POST", "/control/guild/remove", {"guild_id": other["id"]})
        await discord_standin.call_page_api("POST", "/control/guild/add", {"guild_id": other["id"]})

    home = await discord_standin.call_rest_ok("GET", f"/guilds/{discord_standin.guild_id}/channels")
    away = await discord_standin.call_rest_ok("GET", f"/guilds/{other['id']}/channels")

    assert ([c["name"] for c in home], [c["name"] for c in away]) == (["general", "gallery"], ["general"])
    assert len(await discord_standin.call_rest_ok("GET", "/users/@me/guilds")) == 2


async def test_a_button_in_a_direct_message_is_pressed_outside_any_guild(discord_standin: DiscordStandIn) -> None:
    bot, seen = CommandBot(), []

    @bot.event
    async def on_interaction(interaction: discord.Interaction[Any]) -> None:
        seen.append(
            (interaction.guild, type(interaction.user), type(interaction.channel), interaction.context.dm_channel)
        )
        await interaction.response.edit_message(content="pressed", view=None)

    async with run_bot(bot):
        ada = await bot.fetch_user(int(discord_standin.state.find_user("ada").id))
        view: discord.ui.View = discord.ui.View()
        view.add_item(discord.ui.Button(label="Go", custom_id="go"))
        sent = await ada.send("Done.", view=view, file=discord.File(io.BytesIO(b"PK"), "mine.zip"))
        interaction = await discord_standin.press_button(str(sent.id), "go")
        answered = await discord_standin.wait_for_interaction(interaction, lambda i: i["acknowledged"])

    assert seen == [(None, discord.User, discord.DMChannel, True)]
    assert (answered["message"]["content"], answered["message"]["components"]) == ("pressed", [])
    shown = await discord_standin.list_messages_seen_by("ada", str(sent.channel.id))
    assert shown[0]["attachments"][0]["content_type"] == "application/zip"
    await discord_standin.call_page_api("GET", f"/client/channels/{sent.channel.id}/messages?user=ben", status=403)


async def test_direct_messages_are_opened_once_and_shown_on_the_users_page(discord_standin: DiscordStandIn) -> None:
    queue = discord_standin.state.events.subscribe_page(discord_standin.state.find_user("ada").id)

    opened = await discord_standin.call_page_api("POST", "/control/dms", {"user": "ada"})

    assert [e["t"] for e in drain_events(queue)] == ["CHANNEL_CREATE"]
    again = await discord_standin.call_page_api("POST", "/client/dm?user=ada")
    assert again["id"] == opened["id"]


async def test_a_command_is_available_in_direct_messages_only_with_that_context(
    discord_standin: DiscordStandIn,
) -> None:
    path = f"/applications/{discord_standin.application_id}/commands"
    for name, contexts in (("here", [0]), ("there", [1])):
        await discord_standin.call_rest_ok("POST", path, {"name": name, "description": "d", "contexts": contexts})
    direct = (await discord_standin.call_page_api("POST", "/control/dms", {"user": "ada"}))["id"]

    interaction = await discord_standin.invoke_command("there", channel_id=direct)
    await discord_standin.invoke_command("here", channel_id=direct, status=400)
    await discord_standin.invoke_command("there", status=400)
    await discord_standin.invoke_command("there", user="ben", channel_id=direct, status=400)

    response = render_interaction(discord_standin.state, discord_standin.state.interactions[interaction])
    assert (response["context"], response["user"]["username"], "member" in response) == (1, "ada", False)
    offered = (await discord_standin.call_page_api("GET", "/client/bootstrap?user=ada"))["commands"]
    assert [c["name"] for c in offered[discord_standin.guild_id]] == ["here"]
    assert [c["name"] for c in offered["@me"]] == ["there"]


async def test_moderator_commands_are_visible_to_moderators_only(discord_standin: DiscordStandIn) -> None:
    await discord_standin.register_command(name="settings", default_member_permissions=str(MANAGE_GUILD))
    await discord_standin.register_command(name="nobody", default_member_permissions="0")
    queue = discord_standin.state.events.subscribe_page(discord_standin.state.find_user("ada").id)

    async def offered(permissions: int) -> list[str]:
        role = await discord_standin.call_page_api("POST", "/control/roles", {"name": "r", "permissions": permissions})
        roles = [role["id"], discord_standin.state.guild.member_role_id]
        await discord_standin.call_page_api("PUT", "/control/members/ada", {"roles": roles})
        response = [e["d"]["commands"] for e in drain_events(queue) if e["t"] == "APPLICATION_COMMANDS_UPDATE"]
        return [c["name"] for c in response[-1][discord_standin.guild_id]]

    assert await offered(0) == []
    await discord_standin.invoke_command("nobody", status=400)
    assert await offered(MANAGE_GUILD) == ["settings"]
    await discord_standin.invoke_command("settings")
    await discord_standin.invoke_command("nobody", status=400)
    assert await offered(ADMINISTRATOR) == ["settings", "nobody"]
    await discord_standin.invoke_command("nobody")


async def test_a_user_joins_a_guild_with_its_member_role(discord_standin: DiscordStandIn) -> None:
    other = await discord_standin.call_page_api("POST", "/control/guilds", {"name": "Elsewhere", "members": ["ben"]})
    (channel,) = other["channels"]
    path = f"/client/channels/{channel['id']}/messages?user=ada"
    await discord_standin.call_page_api("POST", path, {"content": "let me in"}, status=403)

    await discord_standin.call_page_api("PUT", "/control/members/ada", {"guild_id": other["id"]})

    await discord_standin.call_page_api("POST", path, {"content": "here I am"})
    await discord_standin.call_page_api("POST", "/control/channels", {"name": "x", "guild_id": "1"}, status=400)


async def test_a_channel_has_every_field_of_its_type(discord_standin: DiscordStandIn) -> None:
    common = {
        *("id", "type", "flags", "guild_id", "name", "parent_id", "position", "permission_overwrites", "nsfw"),
        *("last_message_id", "last_pin_timestamp", "rate_limit_per_user"),
    }
    voice = {"bitrate", "user_limit", "rtc_region", "video_quality_mode"}
    forum = {"default_reaction_emoji", "default_sort_order", "default_forum_layout", "available_tags"}
    own_fields = {
        0: {"topic"},
        2: voice,
        4: set(),
        13: voice | {"topic"},
        15: forum | {"topic", "default_thread_rate_limit_per_user"},
    }

    for kind, fields in own_fields.items():
        channel = await discord_standin.call_page_api("POST", "/control/channels", {"name": "x", "type": kind})
        assert set(channel) - common == fields

    async with run_bot(bot := CommandBot()):
        assert [channel.bitrate for channel in bot.guilds[0].voice_channels] == [64_000]
        assert next(sound.name for sound in await bot.fetch_soundboard_default_sounds()) == "quack"
        assert await bot.guilds[0].fetch_soundboard_sounds() == []
