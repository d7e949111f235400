"""The stand-in as a process: its first line, its page, its clean end; and its record against the OpenAPI document."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from demo.standins.discord.__main__ import parse_arguments
from demo.standins.discord.app import serve_application
from demo.standins.discord.app_keys import STATE
from demo.standins.discord.settings import Settings
from tests.standins.discord.conftest import StandInStarter
from tests.support.discord_standin import (
    TOKEN,
    CommandBot,
    DiscordStandIn,
    make_image_file,
    make_png,
    run_bot,
    wait_until,
)

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_the_process_reports_its_url_and_stops_cleanly(sent: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "demo.standins.discord", "--port", "0", cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout
    told = json.loads(await asyncio.wait_for(process.stdout.readline(), 10))
    assert set(told) == {"url", "application_id", "guild_id", "channel_id", "users"}
    assert set(told["users"]) == {"ada", "ben"}
    process.send_signal(sent)
    assert await asyncio.wait_for(process.wait(), 10) == 0


def test_its_options_are_those_of_its_contract() -> None:
    settings = parse_arguments(
        ["--port", "5", "--token", "t", "--record", "r.jsonl", "--no-rate-limits", "--token-lifetime", "2"]
    )
    assert (settings.port, settings.token, settings.record) == (5, "t", Path("r.jsonl"))
    assert (settings.rate_limits, settings.token_lifetime) == (False, 2.0)
    assert parse_arguments([]).token == TOKEN


async def test_an_open_page_does_not_delay_the_shutdown() -> None:
    async with aiohttp.ClientSession() as http:
        async with serve_application(Settings()) as app:
            stream = await http.get(f"{app[STATE].base_url}/client/events?user=ada")
            assert await stream.content.readline() == b": hello\n"
            ending = time.monotonic()
        assert time.monotonic() - ending < 0.9


class RecordedModal(discord.ui.Modal, title="Recorded"):
    text_input: Any = discord.ui.Label(text="Words", component=discord.ui.TextInput(custom_id="words"))
    file: Any = discord.ui.Label(text="File", component=discord.ui.FileUpload(custom_id="file", required=False))

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.edit_message(content="submitted", view=None)


class Buttons(discord.ui.View):
    @discord.ui.button(label="Modal", custom_id="modal")
    async def open_modal(self, interaction: discord.Interaction[Any], _: Any) -> None:
        await interaction.response.send_modal(RecordedModal())

    @discord.ui.button(label="Later", custom_id="later")
    async def defer_update(self, interaction: discord.Interaction[Any], _: Any) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="later")

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="who")
    async def pick_user(self, interaction: discord.Interaction[Any], _: Any) -> None:
        await interaction.response.edit_message(content="chosen")


def make_recorded_bot() -> CommandBot:
    """A bot whose commands use every kind of answer."""
    bot = CommandBot()

    @bot.tree.command(description="Everything about an answer.")
    @app_commands.choices(style=[app_commands.Choice(name="Anime", value="anime")])
    async def answer(
        interaction: discord.Interaction[CommandBot], image: discord.Attachment, style: str = "", word: str = ""
    ) -> None:
        await interaction.response.send_message(f"{image.filename} {style} {word}", view=Buttons())

    @answer.autocomplete("word")
    async def complete(_: Any, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=current, value=current)]

    @bot.tree.command(description="Everything about a deferral.")
    async def later(interaction: discord.Interaction[CommandBot]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = discord.ui.LayoutView()
        button: Any = discord.ui.Button(style=discord.ButtonStyle.link, label="Open", url="https://example.com")
        section: Any = discord.ui.Section("text", accessory=discord.ui.Thumbnail("attachment://a.png"))
        row: Any = discord.ui.ActionRow(button)
        gallery: Any = discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png", description="alt"))
        inner: Any = (section, discord.ui.Separator(), gallery, discord.ui.File("attachment://b.txt"), row)
        view.add_item(discord.ui.Container(*inner, accent_colour=5))
        files = [discord.File(io.BytesIO(make_png()), "a.png"), discord.File(io.BytesIO(b"b"), "b.txt")]
        await interaction.edit_original_response(attachments=files, view=view)
        await interaction.original_response()
        further = await interaction.followup.send("further", wait=True, ephemeral=True)
        await further.edit(content="edited")
        await further.delete()
        await interaction.delete_original_response()

    @bot.tree.context_menu(name="Use this")
    async def use(interaction: discord.Interaction[CommandBot], message: discord.Message) -> None:
        await interaction.response.send_message(message.content, ephemeral=True)

    return bot


async def call_every_route(discord_standin: DiscordStandIn, bot: CommandBot) -> None:
    """Call every other route that the product could need, through discord.py."""
    place = bot.get_channel(int(discord_standin.channel_id))
    assert isinstance(place, discord.TextChannel)
    embed = discord.Embed(title="t", description="d", colour=5).set_image(url="attachment://a.png")
    embed.set_footer(text="f").set_author(name="a").add_field(name="n", value="v")
    message = await place.send(
        "hello", embed=embed, file=discord.File(io.BytesIO(make_png()), "a.png", description="alt")
    )
    await message.edit(content="edited", attachments=message.attachments)
    answer = {"content": "reply", "message_reference": {"message_id": str(message.id)}}
    sent = await discord_standin.call_rest_ok("POST", f"/channels/{place.id}/messages", answer)
    reply = await place.fetch_message(sent["id"])
    assert [m async for m in place.history(limit=5)]
    thread = await message.create_thread(name="thread", auto_archive_duration=60)
    await thread.send(view=_make_layout(), file=discord.File(io.BytesIO(make_png()), "a.png"), nonce="job-1")
    await thread.add_user(discord.Object(int(discord_standin.state.find_user("ada").id)))
    await thread.fetch_members()
    await thread.edit(name="renamed", archived=True)
    async with place.typing():
        await reply.delete()
    public = await place.create_thread(name="alone", type=discord.ChannelType.public_thread)
    await bot.fetch_channel(public.id)
    guild = await bot.fetch_guild(int(discord_standin.guild_id))
    for number in (2, 4, 13, 15):
        await discord_standin.call_page_api("POST", "/control/channels", {"name": f"type {number}", "type": number})
    await guild.fetch_channels()
    await bot.fetch_soundboard_default_sounds()
    await guild.fetch_soundboard_sounds()
    await guild.active_threads()
    await guild.fetch_roles()
    await guild.fetch_member(int(discord_standin.state.find_user("ada").id))
    ada = await bot.fetch_user(int(discord_standin.state.find_user("ada").id))
    dm = await discord_standin.call_rest_ok("POST", "/users/@me/channels", {"recipient_id": str(ada.id)})
    await bot.get_partial_messageable(int(dm["id"])).send("psst")
    await bot.application_info()
    commands = await bot.tree.fetch_commands()
    await commands[0].edit(description="Changed.")
    await commands[0].delete()
    bot.tree.copy_global_to(guild=guild)
    await bot.tree.sync(guild=guild)
    await bot.tree.fetch_commands(guild=guild)
    for path in ("/gateway", "/gateway/bot", "/applications/@me", "/users/@me/guilds"):
        await discord_standin.call_rest_ok("GET", path)


def _make_layout() -> discord.ui.LayoutView:
    view = discord.ui.LayoutView()
    gallery: Any = discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png"))
    view.add_item(discord.ui.TextDisplay("seed `7`"))
    view.add_item(gallery)
    return view


async def use_every_interaction(discord_standin: DiscordStandIn) -> None:
    """Use every kind of interaction once."""
    asked = await discord_standin.invoke_command("answer", {"style": "anime"}, files={"image": make_image_file()})
    shown = (await discord_standin.wait_for_interaction(asked, lambda i: i.get("message")))["message"]
    pressed = await discord_standin.press_button(shown["id"], "modal")
    await discord_standin.wait_for_interaction(pressed, lambda i: i.get("modal"))
    sent = await discord_standin.submit_modal(pressed, words="w")
    await discord_standin.wait_for_interaction(sent, lambda i: i["acknowledged"])
    asked = await discord_standin.invoke_command("answer", {}, files={"image": make_image_file()})
    shown = (await discord_standin.wait_for_interaction(asked, lambda i: i.get("message")))["message"]
    later = await discord_standin.press_button(shown["id"], "later")
    await discord_standin.wait_for_interaction(later, lambda i: i.get("message", {}).get("content") == "later")
    chosen = await discord_standin.press_button(shown["id"], "who", values=[discord_standin.state.find_user("ben").id])
    await discord_standin.wait_for_interaction(chosen, lambda i: i["acknowledged"])
    deferred = await discord_standin.invoke_command("later")
    await discord_standin.wait_for_interaction(deferred, lambda i: i.get("message", {}).get("deleted"))
    command = next(c for c in discord_standin.state.commands.list_commands(None) if c["name"] == "answer")
    option = {"name": "word", "type": 3, "value": "ab", "focused": True}
    typed = {"type": 4, "channel_id": discord_standin.channel_id, "data": {"id": command["id"], "options": [option]}}
    assert (await discord_standin.call_page_api("POST", "/client/interactions?user=ada", typed))["choices"]
    target = next(c for c in discord_standin.state.commands.list_commands(None) if c["type"] == 3)
    data = {"id": target["id"], "type": 3, "target_id": shown["id"]}
    used = {"type": 2, "channel_id": discord_standin.channel_id, "data": data}
    menu = await discord_standin.call_page_api("POST", "/client/interactions?user=ada", used)
    await discord_standin.wait_for_interaction(menu["interaction_id"], lambda i: i["acknowledged"])


def _find_checker() -> Path:
    """Return the checker of the owner's tools, or skip."""
    folder = Path(os.environ.get("DISCORD_OPENAPI_TOOLS", ROOT.parent / "shared" / "tools"))
    checker = folder / "check_discord_exchanges.py"
    if not checker.is_file():
        pytest.skip(f"{checker.name} is not here: DISCORD_OPENAPI_TOOLS names its folder")
    return checker


async def test_every_exchange_with_discord_py_holds_against_the_openapi_document(
    start_standin: StandInStarter, tmp_path: Path
) -> None:
    checker, record = _find_checker(), tmp_path / "exchanges.jsonl"
    discord_standin = await start_standin(record=record)
    async with run_bot(make_recorded_bot()) as bot:
        await use_every_interaction(discord_standin)
        await call_every_route(discord_standin, bot)
        await discord_standin.call_rest("POST", f"/channels/{discord_standin.channel_id}/messages", {})
        await discord_standin.call_rest("GET", "/channels/1")

    async def checked() -> Any:
        return await asyncio.to_thread(
            subprocess.run, [sys.executable, str(checker), str(record)], capture_output=True, text=True, check=False
        )

    told = await wait_until(checked)
    assert told.returncode == 0, told.stdout
    lines = record.read_text().splitlines()
    assert len(lines) > 50
    assert set(json.loads(lines[0])) == {"method", "path", "body", "status", "response"}
