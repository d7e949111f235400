"""The least that a bot can do: the REST calls of a job in discord.py, with a picture that is ready.

python -m tests.benchmarks.baseline_bot PICTURE

The prompt says how often the status message is edited between the opening of the thread and the answer.
"""

import asyncio
import io
import os
import sys
from pathlib import Path

import discord
from discord import app_commands, ui
from discord.gateway import DiscordWebSocket
from yarl import URL

PICTURE = Path(sys.argv[1]).read_bytes()


class BaselineBot(discord.Client):
    async def setup_hook(self) -> None:
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)
        await tree.sync()


client = BaselineBot(intents=discord.Intents(guilds=True))
tree = app_commands.CommandTree(client)


@tree.command(description="Make a picture")
async def imagine(interaction: discord.Interaction, prompt: str, image: discord.Attachment | None = None) -> None:
    deferred = await interaction.response.defer()
    assert deferred
    assert deferred.message_id
    assert interaction.channel_id
    channel = client.get_partial_messageable(interaction.channel_id, guild_id=interaction.guild_id)
    message = channel.get_partial_message(deferred.message_id)
    await interaction.edit_original_response(content="Your picture is being prepared.")
    if image:
        await image.read()
    thread = await message.create_thread(name=prompt)
    for _ in range(int(prompt)):
        await asyncio.sleep(1)
        await message.edit(content="Your picture is being made.")
    file = discord.File(io.BytesIO(PICTURE), filename="picture.png")
    view = ui.LayoutView()
    view.add_item(ui.Container(ui.MediaGallery(discord.MediaGalleryItem(file)), ui.TextDisplay(prompt)))
    await thread.send(view=view, file=file, nonce=str(interaction.id))
    await message.edit(content=f"Done: {thread.mention}")


discord.http.Route.BASE = os.environ["DISCORD_API_URL"]
client.run(os.environ["DISCORD_TOKEN"])
