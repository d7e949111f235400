"""`python -m bot` runs the bot; `python -m bot check` tells whether it could run and prints the invite link."""

import argparse
import asyncio
import logging
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final, NamedTuple

import aiohttp
import discord
from redis.asyncio import Redis

from bot import attachments
from bot import log as logs
from bot.adapters.celery import CeleryTickets
from bot.adapters.drafts import RedisDrafts
from bot.adapters.families import Families
from bot.adapters.favourites import Favourites
from bot.adapters.forgetting import Forgetting
from bot.adapters.grids import Grids
from bot.adapters.lead import Lead
from bot.adapters.library import Library
from bot.adapters.people import People
from bot.adapters.presets import KeptPresets
from bot.adapters.records import Records, RecordsUnusableError
from bot.adapters.redis import RedisQueue, connect
from bot.adapters.search import JobSearch, RedisSearches
from bot.adapters.thumbnails import KeptThumbnails
from bot.board import Board
from bot.check import check
from bot.client import Bot, PressHandler
from bot.commands.book import every_command
from bot.commands.explore import Explore
from bot.commands.imagine import Imagine
from bot.commands.preferences import ShowPreferences
from bot.commands.presets import Presets
from bot.commands.reimagine import Reimagine
from bot.commands.settings import ServerSettings
from bot.commands.source import Sources
from bot.deliver import Deliver
from bot.exploring.watch import Explorations
from bot.heartbeat import beat
from bot.intake import Intake
from bot.looking.export import Export
from bot.looking.forget import ForgetMe
from bot.looking.history import History
from bot.looking.lineage import Lineage
from bot.looking.queue import Queue
from bot.looking.show import Show
from bot.ports import Past, Source
from bot.presses.book import buttons
from bot.presses.cancel import Cancel
from bot.presses.details import Details
from bot.presses.grid import CancelAll
from bot.recall import Recall, posted
from bot.reconcile import Reconcile
from bot.settings import Settings
from bot.thumbnails import Pictures, Thumbnailer
from shared.catalogue import Catalogue, load_catalogue
from shared.settings import SettingsMissing, read_settings

log = logging.getLogger("bot")

FAILED: Final = 1
NOT_SET_UP: Final = 2
CLOSING_SECONDS: Final = 10.0
HOUSEKEEPING_SECONDS: Final = 3600.0


class CannotStart(Exception):
    """Why the bot cannot run, in words for the operator."""


async def serve(settings: Settings, catalogue: Catalogue) -> None:
    """Run the bot until SIGTERM or SIGINT, then end in order. Raises `CannotStart`."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with AsyncExitStack() as closing:
        records = await opened_records(settings, catalogue)
        closing.push_async_callback(records.close)
        redis_url = settings.redis_url.get_secret_value()
        redis = connect(redis_url)
        queue = RedisQueue(
            redis,
            catalogue=catalogue,
            ticket=CeleryTickets().write,
            max_waiting=settings.max_waiting_per_user,
            max_running=settings.max_running_per_user,
            channel_waiting=settings.max_waiting_per_channel,
            channel_running=settings.max_running_per_channel,
            guild_waiting=settings.max_waiting_per_guild,
            guild_running=settings.max_running_per_guild,
            per_minute=(
                settings.max_per_minute_per_user,
                settings.max_per_minute_per_channel,
                settings.max_per_minute_per_guild,
            ),
            memory_share=settings.redis_memory_share,
        )
        closing.push_async_callback(queue.close)
        lead = Lead(redis)
        closing.push_async_callback(lead.close)
        session = await closing.enter_async_context(attachments.open_session())
        intake = Intake(
            catalogue=catalogue,
            queue=queue,
            records=records,
            session=session,
            hosts=settings.attachment_hosts,
            max_bytes=settings.attachment_max_bytes,
            extras_users=settings.extras_users,
        )

        async def fetch(source: Source) -> bytes:
            limit, hosts = settings.attachment_max_bytes, settings.attachment_hosts
            async with intake.downloads:
                data, _ = await attachments.fetch(session, source.url, source.size, limit, hosts)
            return data

        library, people = Library(records.database), People(records.database)
        recall = Recall(library, queue, fetch)

        async def telling(past: Past) -> discord.Message | None:
            return await posted(bot, past)

        look = _looking(records, redis, queue, Pictures(telling, library, fetch), catalogue)
        drafts, grids = RedisDrafts(redis), Grids(records.database)
        reimagine = Reimagine(intake, drafts)
        sources, preferences = Sources(library, recall), ShowPreferences(people, catalogue)
        presets = Presets(KeptPresets(records.database), library, look.search, catalogue)
        imagine = Imagine(intake, sources, presets)
        explore = Explore(imagine, drafts, grids, library, today)
        does = {
            "imagine": imagine,
            "explore": explore,
            "sources": sources.complete,
            "reimagine": reimagine,
            "details": Details(catalogue, recall).on,
            "preferences": preferences,
            "settings": ServerSettings(people),
            "presets": presets.complete,
            "presets.results": presets.results,
            "presets.save": presets.save,
            "presets.list": presets.listed,
            "presets.delete": presets.delete,
            "presets.share": presets.share,
            "presets.add": presets.add,
            **look.commands,
        }
        bot = Bot(every_command(catalogue, today(), does), people)
        presses, forms = buttons(intake, recall, people, Favourites(records.database), queue)
        bot.presses = {
            **presses,
            **look.presses,
            "prefer": preferences.changed,
            "explore_go": explore.start,
            "explore_no": explore.drop,
            "cancel_all": CancelAll(grids, queue),
            "queue_cancel": Cancel(recall, queue, look.commands["queue"].listed),
        }
        bot.forms = {**forms, "reimagine": reimagine.submitted}
        board = Board(bot, queue, catalogue)
        explorations = Explorations(bot, queue, grids, look.thumbnails, catalogue)
        keeping = library if settings.source_days else None
        deliver = Deliver(bot, queue, catalogue, records=records, keeping=keeping, board=board)

        async def delivery() -> None:
            await queue.start()
            await deliver.run()

        reconcile = Reconcile(records, queue, deliver, fetch, kept=library.source, period=settings.reconcile_seconds)
        bot.background = {
            "the lead": lead.run,
            "the board": partial(lead.during, board.run),
            "the explorations": partial(lead.during, explorations.run),
            "the delivery": partial(lead.during, delivery),
            "the reconciliation": partial(lead.during, reconcile.run),
            "the housekeeping": partial(lead.during, partial(forget_pictures, library, settings.source_days)),
        }
        if settings.heartbeat_file:
            bot.background |= {"the heartbeat": partial(beat, bot, settings.heartbeat_file)}
        try:
            await queue.start()
        except Exception as error:
            raise CannotStart(f"Redis does not answer ({error}). Check REDIS_URL and whether Redis runs.") from error
        await run(bot, settings.discord_token.get_secret_value(), stop)


def today() -> date:
    """Tell the date, in UTC."""
    return datetime.now(UTC).date()


async def forget_pictures(library: Library, days: float) -> None:
    """Drop, every hour, the pictures that nobody started from or asked for in so many days."""
    while True:
        await asyncio.sleep(HOUSEKEEPING_SECONDS)
        dropped = await library.drop_pictures(before=time.time() - days * 86400)
        if dropped:
            log.info("%d pictures that nobody started from or asked for any more were dropped", dropped)


class Looking(NamedTuple):
    """What looks back: commands by their names, and presses by their verbs."""

    commands: dict[str, Any]
    presses: dict[str, PressHandler]
    thumbnails: Thumbnailer
    search: JobSearch


def _looking(records: Records, redis: Redis, queue: RedisQueue, pictures: Pictures, catalogue: Catalogue) -> Looking:
    """Join what looks back."""
    search, thumbnailer = JobSearch(records.database), Thumbnailer(pictures, KeptThumbnails(records.database))
    searches = RedisSearches(redis)
    history = History(search, searches, thumbnailer, catalogue)
    export, forget = Export(search, pictures), ForgetMe(Forgetting(records.database), queue, searches)
    show = Show(search, pictures.library, queue, pictures, catalogue)
    return Looking(
        {
            "queue": Queue(queue, catalogue),
            "show": show,
            "history": history,
            "favourites": history.favourites,
            "export": export,
            "forget_me": forget,
            "lineage": Lineage(pictures.library, Families(records.database), thumbnailer, catalogue),
        },
        {
            "page": history.turn,
            "show": show.chosen,
            "cell": show.chosen,
            "export": export.older,
            "forget": forget.meant,
        },
        thumbnailer,
        search,
    )


async def opened_records(settings: Settings, catalogue: Catalogue) -> Records:
    """Open the records, their tables brought to this release's schema. Raises `CannotStart`."""
    try:
        records = Records(settings.database_url.get_secret_value(), catalogue=catalogue)
        await records.start()
    except RecordsUnusableError as error:
        raise CannotStart(str(error)) from error
    return records


async def run(bot: Bot, token: str, stop: asyncio.Event) -> None:
    """Keep the client connected until told to stop; finish what is in hand. Raises `CannotStart`."""
    connected = asyncio.create_task(bot.start(token))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({connected, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            log.info("stopping")
        await bot.drain()
        await bot.close()
        done, _ = await asyncio.wait({connected}, timeout=CLOSING_SECONDS)
        trouble = connected.exception() if done else None
        if stop.is_set():
            log.info("stopped (%r)", trouble) if trouble else log.info("stopped")
        elif trouble:
            raise trouble
        else:
            raise CannotStart("The connection to Discord ended. Start the bot again; the log says what came before.")
    except discord.LoginFailure as error:
        raise CannotStart(
            "Discord refused DISCORD_TOKEN. Make a new one: developer portal, Bot, Reset Token."
        ) from error
    except discord.PrivilegedIntentsRequired as error:
        raise CannotStart(
            "Discord wants intents switched on that this bot does not use. Check DISCORD_TOKEN."
        ) from error
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        raise CannotStart(f"Discord cannot be used ({error}). Check DISCORD_API_URL and the network.") from error
    finally:
        stopping.cancel()
        connected.cancel()


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the command line asks for. Answers 0, 1 when it failed, 2 when something is not set up."""
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("run", "check"), default="run", help="run (default) or check")
    asked = parser.parse_args(argv)
    try:
        settings = read_settings(Settings)
    except SettingsMissing as missing:
        return _end(NOT_SET_UP, f"The bot is not set up. Put these into the environment or into .env:\n{missing}")
    try:
        override = settings.catalogue_file.read_text(encoding="utf-8") if settings.catalogue_file else ""
        catalogue = load_catalogue(override)
    except (OSError, ValueError) as error:
        return _end(NOT_SET_UP, f"CATALOGUE_FILE is wrong: {error}")
    logs.configure("ERROR" if asked.what == "check" else settings.log_level)
    discord.http.Route.BASE = settings.discord_api_url
    try:
        if asked.what == "check":
            return asyncio.run(check(settings, catalogue))
        asyncio.run(serve(settings, catalogue))
    except CannotStart as reason:
        return _end(FAILED, str(reason))
    return 0


def _end(code: int, words: str) -> int:
    print(words, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
