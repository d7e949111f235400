"""The least that a bot with a queue can do: `baseline_bot`, and what keeps a job if the bot or its worker dies.

    python -m tests.benchmarks.baseline_queue_bot REDIS_URL DATABASE_FILE

It makes the REST calls of a job, as `baseline_bot` does, and besides these only what every design needs:

- One durable transaction of SQLite, in a thread: a request that was promised must outlive Redis, and its price the bot.
- One transaction of Redis that queues the job with its picture: workers run on other hosts, and a job without its
  picture, or the reverse, would be lost.
- A blocking read of a stream: a worker's result must find the bot, even one that was restarted.
- The picture is fetched once, to be uploaded.
- One transaction that acknowledges the result and deletes the pictures, after the upload: earlier, a crash would lose
  the result.
- Where the channel shows a preview, the picture is decoded and scaled down once, in a thread, by Pillow alone.

The prompt says how often the status message is edited while the job waits, and whether there is a preview, as in
`1 preview`. The other side of the queue is `baseline_worker`.
"""

import asyncio
import io
import os
import sqlite3
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import discord
from discord import app_commands, ui
from discord.gateway import DiscordWebSocket
from PIL import Image
from redis.asyncio import Redis
from yarl import URL

from tests.benchmarks.baseline_worker import JOBS, OUTCOMES

redis: Any = Redis.from_url(sys.argv[1])
database = sqlite3.connect(sys.argv[2], check_same_thread=False)
threads = ThreadPoolExecutor(1)
arrivals: dict[str, asyncio.Future[bytes]] = defaultdict(lambda: asyncio.get_running_loop().create_future())


class BaselineBot(discord.Client):
    async def setup_hook(self) -> None:
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)
        await tree.sync()
        self.reader = asyncio.create_task(read_outcomes())


client = BaselineBot(intents=discord.Intents(guilds=True))
tree = app_commands.CommandTree(client)


def record_job(job: str, prompt: str, user: int) -> None:
    with database:
        database.execute("INSERT INTO jobs VALUES (?, ?, ?)", (job, prompt, user))


async def read_outcomes() -> None:
    last = b"$"
    while True:
        for _, entries in await redis.xread({OUTCOMES: last}, block=2000):
            for last, fields in entries:
                arrivals[fields[b"job"].decode()].set_result(last)


def make_preview(picture: bytes) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).reduce(2).save(out, "JPEG", quality=85)
    return out.getvalue()


def build_view(file: discord.File, text: str) -> ui.LayoutView:
    view = ui.LayoutView()
    view.add_item(ui.Container(ui.MediaGallery(discord.MediaGalleryItem(file)), ui.TextDisplay(text)))
    return view


@tree.command(description="Make a picture")
async def imagine(interaction: discord.Interaction, prompt: str, image: discord.Attachment | None = None) -> None:
    job, loop = str(interaction.id), asyncio.get_running_loop()
    edits, _, preview = prompt.partition(" ")
    deferred = await interaction.response.defer()
    assert deferred
    assert deferred.message_id
    assert interaction.channel_id
    channel = client.get_partial_messageable(interaction.channel_id, guild_id=interaction.guild_id)
    message = channel.get_partial_message(deferred.message_id)
    await loop.run_in_executor(threads, record_job, job, prompt, interaction.user.id)
    await interaction.edit_original_response(content="Your picture is being prepared.")
    queueing = redis.pipeline()
    if image:
        queueing.set(f"upload:{job}", await image.read())
    await queueing.rpush(JOBS, job).execute()
    for _ in range(int(edits)):
        await asyncio.sleep(1)
        await message.edit(content="Your picture is being made.")
    entry = await arrivals[job]
    thread = await message.create_thread(name=prompt)
    picture = await redis.get(f"result:{job}")
    file = discord.File(io.BytesIO(picture), filename="picture.png")
    await thread.send(view=build_view(file, prompt), file=file, nonce=job)
    if preview:
        small = discord.File(io.BytesIO(await loop.run_in_executor(None, make_preview, picture)), "preview.jpg")
        await message.edit(content=None, view=build_view(small, thread.mention), attachments=[small])
    else:
        await message.edit(content=f"Done: {thread.mention}")
    await redis.pipeline().xdel(OUTCOMES, entry).delete(f"upload:{job}", f"result:{job}").execute()
    del arrivals[job]


database.execute("PRAGMA journal_mode = WAL")  # `synchronous` is FULL by default, as the product's is
database.execute("CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, prompt TEXT, user INTEGER)")
discord.http.Route.BASE = os.environ["DISCORD_API_URL"]
client.run(os.environ["DISCORD_TOKEN"])
