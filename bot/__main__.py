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
from typing import Final

import discord

from bot import logging as logs
from bot.check import run_checks
from bot.delivery.consumer import OutcomeConsumer
from bot.discord_client.client import Bot
from bot.discord_client.feature import Feature
from bot.features.explore.feature import build_explore_feature
from bot.features.explore.message_updater import ExplorationMessages
from bot.features.explore.store import SqlExplorationStore
from bot.features.export.feature import build_export_feature
from bot.features.history.feature import build_history_feature
from bot.features.imagine.feature import build_imagine_feature
from bot.features.lineage.feature import build_lineage_feature
from bot.features.lineage.store import SqlLineageStore
from bot.features.preferences.feature import build_preferences_feature
from bot.features.presets.feature import build_presets_feature
from bot.features.privacy.feature import build_privacy_feature
from bot.features.privacy.store import SqlUserDataStore
from bot.features.queue.feature import build_queue_feature
from bot.features.reimagine.feature import build_reimagine_feature
from bot.features.result_actions.feature import build_result_actions_feature
from bot.features.server_settings.feature import build_server_settings_feature
from bot.health import touch_heartbeat_file
from bot.interactions.result_buttons import CancelId
from bot.interactions.routing import Route
from bot.lifecycle import BackgroundTask, StartupError, run_until_stopped
from bot.queue.celery_tickets import CeleryTicketWriter
from bot.queue.connection import connect_to_redis
from bot.queue.drafts import RedisDraftStore
from bot.queue.job_queue import RedisJobQueue
from bot.queue.leader_lock import LeaderLock
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from bot.queue.saved_searches import RedisSavedSearchStore
from bot.recovery.reconciler import Reconciler
from bot.results.images import ResultImageLoader
from bot.results.lookup import ResultLookup
from bot.results.thumbnails import ThumbnailLoader
from bot.settings import Settings
from bot.status.status_messages import StatusMessages
from bot.storage.engine import DatabaseSetupError
from bot.storage.favourites import SqlFavouriteStore
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.images import SqlImageStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.preferences import SqlPreferencesStore
from bot.storage.presets import SqlPresetStore
from bot.storage.session import Database
from bot.storage.thumbnails import SqlThumbnailStore
from bot.submission import attachments
from bot.submission.cancellation import JobCancellation
from bot.submission.images import ImageFetcher
from bot.submission.option_parser import OptionParser
from bot.submission.preset_option import PresetOption
from bot.submission.source_option import SourceOption
from bot.submission.submitter import JobSubmitter
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue, load_catalogue
from shared.settings import InvalidSettingsError, read_settings

log = logging.getLogger("bot")

EXIT_FAILED: Final = 1
EXIT_NOT_CONFIGURED: Final = 2
HOUSEKEEPING_INTERVAL_SECONDS: Final = 3600.0


async def run_bot(settings: Settings, catalogue: Catalogue) -> None:
    """Run the bot until SIGTERM or SIGINT, then end in order. Raises `StartupError`."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with AsyncExitStack() as closing:
        database = await open_database(settings)
        closing.push_async_callback(database.close)
        records = SqlJobStore(database, catalogue=catalogue)
        redis = connect_to_redis(settings.redis_url.get_secret_value())
        queue = RedisJobQueue(
            redis,
            catalogue=catalogue,
            build_ticket=CeleryTicketWriter().write_ticket,
            limits=read_limits(settings),
            max_memory_ratio=settings.redis_max_memory_ratio,
        )
        outcomes = RedisOutcomeStream(redis, catalogue)
        closing.push_async_callback(redis.aclose)
        lead = LeaderLock(redis)
        closing.push_async_callback(lead.close)
        session = await closing.enter_async_context(attachments.open_http_session())
        images = ImageFetcher(session, settings.attachment_hosts, settings.attachment_max_bytes)
        validator = RequestValidator(
            catalogue, settings.attachment_hosts, settings.attachment_max_bytes, settings.extras_allowed_users
        )
        intake = JobSubmitter(validator, images, queue, records)
        fetch = images.fetch_image
        library, image_store = SqlJobHistory(database), SqlImageStore(database)
        people, guild_settings = SqlPreferencesStore(database), SqlGuildSettingsStore(database)
        recall = ResultLookup(library, image_store, queue, fetch)

        image_loader, job_search = ResultImageLoader(image_store, fetch), SqlJobSearch(database)
        thumbnail_loader = ThumbnailLoader(image_loader, SqlThumbnailStore(database))
        drafts, grids = RedisDraftStore(redis), SqlExplorationStore(database)
        saved_searches, cancellation = RedisSavedSearchStore(redis), JobCancellation(recall, queue)
        presets = SqlPresetStore(database)
        preset_option = PresetOption(presets)
        parser = OptionParser(validator, SourceOption(library, recall), preset_option, settings.extras_allowed_users)
        features = [
            build_imagine_feature(parser, intake, catalogue, get_today()),
            build_explore_feature(parser, validator, intake, drafts, grids, image_store, queue, catalogue, get_today),
            build_reimagine_feature(validator, intake, drafts, catalogue),
            build_result_actions_feature(intake, recall, guild_settings, SqlFavouriteStore(database), catalogue),
            build_history_feature(
                job_search, saved_searches, library, queue, image_loader, thumbnail_loader, catalogue
            ),
            build_lineage_feature(library, image_store, SqlLineageStore(database), thumbnail_loader, catalogue),
            build_queue_feature(queue, cancellation, catalogue),
            build_export_feature(job_search, image_loader),
            build_presets_feature(presets, preset_option, library, job_search, catalogue),
            build_preferences_feature(people, catalogue),
            build_privacy_feature(SqlUserDataStore(database), queue, saved_searches),
            build_server_settings_feature(guild_settings),
            Feature(routes=[Route(CancelId, cancellation.cancel_and_report)]),
        ]
        bot = Bot(features, people)
        board = StatusMessages(bot, queue, catalogue)
        explorations = ExplorationMessages(bot, queue, grids, thumbnail_loader, catalogue)
        keeping = image_store if settings.image_retention_days else None
        deliver = OutcomeConsumer(bot, outcomes, catalogue, store=records, image_store=keeping, status_messages=board)

        async def delivery() -> None:
            await outcomes.start()
            await deliver.run()

        reconcile = Reconciler(
            records,
            queue,
            deliver,
            fetch,
            load_stored_image=image_store.load_source_image,
            interval_seconds=settings.reconcile_interval_seconds,
        )
        background_tasks: dict[str, BackgroundTask] = {
            "the lead": lead.run,
            "the board": partial(lead.run_while_leader, board.run),
            "the explorations": partial(lead.run_while_leader, explorations.run),
            "the delivery": partial(lead.run_while_leader, delivery),
            "the reconciliation": partial(lead.run_while_leader, reconcile.run),
            "the housekeeping": partial(
                lead.run_while_leader, partial(delete_expired_images, image_store, settings.image_retention_days)
            ),
        }
        if settings.heartbeat_file:
            background_tasks |= {"the heartbeat": partial(touch_heartbeat_file, bot, settings.heartbeat_file)}
        try:
            await outcomes.start()
        except Exception as error:
            raise StartupError(f"Redis does not answer ({error}). Check REDIS_URL and whether Redis runs.") from error
        await run_until_stopped(bot, settings.discord_token.get_secret_value(), background_tasks, stop)


def read_limits(settings: Settings) -> Limits:
    """Read the limits on the jobs of users, channels and guilds from the settings."""
    return Limits(
        user=ScopeLimits(
            max_open=settings.max_waiting_per_user,
            max_running=settings.max_running_per_user,
            max_per_minute=settings.max_per_minute_per_user,
        ),
        channel=ScopeLimits(
            max_open=settings.max_waiting_per_channel,
            max_running=settings.max_running_per_channel,
            max_per_minute=settings.max_per_minute_per_channel,
        ),
        guild=ScopeLimits(
            max_open=settings.max_waiting_per_guild,
            max_running=settings.max_running_per_guild,
            max_per_minute=settings.max_per_minute_per_guild,
        ),
    )


def get_today() -> date:
    """Tell the date, in UTC."""
    return datetime.now(UTC).date()


async def delete_expired_images(image_store: SqlImageStore, days: float) -> None:
    """Drop, every hour, the pictures that nobody started from or asked for in so many days."""
    while True:
        await asyncio.sleep(HOUSEKEEPING_INTERVAL_SECONDS)
        dropped = await image_store.delete_expired_images(before=time.time() - days * 86400)
        if dropped:
            log.info("%d pictures that nobody started from or asked for any more were dropped", dropped)


async def open_database(settings: Settings) -> Database:
    """Open the database, with its schema upgraded to this release's. Raises `StartupError`."""
    try:
        database = Database(settings.database_url.get_secret_value())
        await database.migrate()
    except DatabaseSetupError as error:
        raise StartupError(str(error)) from error
    return database


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the command line asks for. Answers 0, 1 when it failed, 2 when something is not set up."""
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("run", "check"), default="run", help="run (default) or check")
    asked = parser.parse_args(argv)
    try:
        settings = read_settings(Settings)
    except InvalidSettingsError as missing:
        return _print_exit_message(
            EXIT_NOT_CONFIGURED, f"The bot is not set up. Put these into the environment or into .env:\n{missing}"
        )
    try:
        override = settings.catalogue_file.read_text(encoding="utf-8") if settings.catalogue_file else ""
        catalogue = load_catalogue(override)
    except (OSError, ValueError) as error:
        return _print_exit_message(EXIT_NOT_CONFIGURED, f"CATALOGUE_FILE is wrong: {error}")
    logs.configure_logging("ERROR" if asked.what == "check" else settings.log_level)
    discord.http.Route.BASE = settings.discord_api_url
    try:
        if asked.what == "check":
            return asyncio.run(run_checks(settings, catalogue))
        asyncio.run(run_bot(settings, catalogue))
    except StartupError as reason:
        return _print_exit_message(EXIT_FAILED, str(reason))
    return 0


def _print_exit_message(code: int, text: str) -> int:
    print(text, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
