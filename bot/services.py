"""The services that features and background tasks share: stores, queue, lookup of results, submission of jobs."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import aiohttp

from bot.batches.drafting import BatchDrafter
from bot.batches.exporter import BatchExporter
from bot.batches.message_builder import BatchMessageBuilder
from bot.batches.repeater import BatchRepeater
from bot.batches.row_requests import RowRequestBuilder
from bot.batches.uploads import BatchUploads
from bot.domain.budgets import build_bot_budgets
from bot.domain.errors import QueueUnavailableError
from bot.domain.events import NO_EVENTS, Events
from bot.explorations.confirmation import ExplorationConfirmation
from bot.explorations.several import PictureSubmitter
from bot.explorations.starter import ExplorationStarter
from bot.interactions.access import AccessRule
from bot.interactions.followups import RecentFollowups
from bot.lifecycle import StartupError
from bot.queue.call_paces import RedisCallPaces
from bot.queue.celery_tickets import CeleryTicketWriter
from bot.queue.connection import connect_to_redis, raise_queue_unavailable
from bot.queue.delivery_partitions import DeliveryPartitions, make_bot_token
from bot.queue.drafts import RedisDraftStore
from bot.queue.epoch import RedisQueueEpoch
from bot.queue.followups import RedisFollowupStore
from bot.queue.identify_gate import RedisIdentifyGate
from bot.queue.job_queue import RedisJobQueue
from bot.queue.leader_lock import LeaderLock
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from bot.queue.paused_guilds import RedisPausedGuilds
from bot.queue.pictures import QueuePictures
from bot.queue.saved_searches import RedisSavedSearchStore
from bot.queue.startup import check_redis
from bot.queue.withdrawn_models import WithdrawnModels
from bot.readings import Readings
from bot.recovery.paused_queues import PausedQueues
from bot.results.deletion import ResultDeletion
from bot.results.images import ResultImageLoader
from bot.results.lookup import ResultLookup
from bot.results.picture_thumbnails import PictureThumbnails
from bot.results.reuse import ReuseRule
from bot.results.thumbnails import ThumbnailLoader
from bot.rounds.message_builder import RoundMessageBuilder
from bot.rounds.pictures import RoundPictures
from bot.settings import Settings
from bot.storage.audit_log import SqlAuditLog
from bot.storage.batches import SqlBatchStore
from bot.storage.blocks import SqlBlockStore
from bot.storage.budgets import SqlBudgetStore
from bot.storage.data_deletions import SqlDataDeletions
from bot.storage.explorations import SqlExplorationStore
from bot.storage.favourites import SqlFavouriteStore
from bot.storage.gallery import SqlGalleryStore
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.images import SqlImageStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.ledger_reports import SqlLedgerReports
from bot.storage.moderation import SqlModerationStore
from bot.storage.preferences import SqlPreferencesStore
from bot.storage.presets import SqlPresetStore
from bot.storage.queue_epoch import SqlEpochStore
from bot.storage.result_hashes import SqlResultHashStore
from bot.storage.round_stores import RoundStores
from bot.storage.session import Database
from bot.storage.style_sets import SqlStyleSetStore
from bot.storage.teams import SqlTeamStore
from bot.storage.thumbnails import SqlThumbnailStore
from bot.storage.word_rules import SqlWordRuleStore
from bot.submission.attachments import open_http_session
from bot.submission.cancellation import JobCancellation
from bot.submission.drafts import DraftImageLoader
from bot.submission.images import ImageFetcher
from bot.submission.option_parser import OptionParser
from bot.submission.preset_option import PresetOption
from bot.submission.source_option import SourceOption
from bot.submission.style_set_option import StyleSetOption
from bot.submission.submitter import JobSubmitter
from bot.submission.team_option import TeamOption
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue
from shared.errors import PentimentoError
from shared.outage_log import OutageLog
from shared.pictures.storage import create_picture_storage
from shared.queue.connection_errors import describe_redis_error
from shared.tracing import NO_TRACER, Tracer

CONNECT_RETRY_SECONDS: Final = 2.0

log = logging.getLogger(__name__)


class Services:
    """One of each service, built from the settings. Nothing is connected until it is used."""

    def __init__(
        self, settings: Settings, catalogue: Catalogue, http: aiohttp.ClientSession, tracer: Tracer, events: Events
    ) -> None:
        """Build the services. Raises `DatabaseSetupError` for a URL that is not one of a database."""
        self.settings = settings
        self.events = events
        self.catalogue = catalogue
        self.tracer = tracer
        self._build_stores()
        self._build_queue()
        hosts, max_bytes = settings.attachment_hosts, settings.attachment_max_bytes
        self.image_fetcher = ImageFetcher(http, hosts, max_bytes, settings.proxies)
        self.result_lookup = ResultLookup(
            self.job_history, self.image_store, self.queue, self.image_fetcher.fetch_image
        )
        self.reuse_rule = ReuseRule(self.preferences)
        self.image_loader = ResultImageLoader(self.image_store, self.image_fetcher.fetch_image)
        self.thumbnail_loader = ThumbnailLoader(self.image_loader, self.thumbnails)
        self.word_rules = SqlWordRuleStore(self.database)
        self.validator = RequestValidator(catalogue, hosts, max_bytes, settings.extras_allowed_users, self.word_rules)
        self.followups = RecentFollowups(RedisFollowupStore(self._redis, self.delivery_partitions.has_others))
        self.submitter = JobSubmitter(
            self.validator,
            self.image_fetcher,
            self.queue,
            self.job_store,
            followups=self.followups,
            team_choices=self.teams,
        )
        self.preset_option = PresetOption(self.presets)
        self.style_set_option = StyleSetOption(self.style_sets)
        self.team_option = TeamOption(self.teams)
        self.option_parser = OptionParser(
            self.validator,
            SourceOption(self.job_history, self.result_lookup, self.reuse_rule),
            self.preset_option,
            settings.extras_allowed_users,
        )
        self.deletion = ResultDeletion(self.result_lookup, self.moderation)
        self.cancellation = JobCancellation(
            self.result_lookup, self.queue, self.moderation, self.job_history, self.batches
        )

        self.explorations = SqlExplorationStore(self.database)
        exploration_starter = ExplorationStarter(self.submitter, self.explorations, catalogue)
        self.draft_images = DraftImageLoader(self.image_store, self.reuse_rule)
        self.exploration_confirmation = ExplorationConfirmation(
            exploration_starter, self.drafts, self.explorations, self.draft_images, catalogue
        )
        self.round_pictures = RoundPictures(
            self.job_history, self.image_store, self.image_loader, self.outcomes.load_result_image
        )
        entry_thumbnails = PictureThumbnails(self.round_pictures.load_entry, self.thumbnails)
        self.round_messages = RoundMessageBuilder(self.rounds, self.job_history, self.round_pictures, entry_thumbnails)
        batch_thumbnails = PictureThumbnails(lambda _, job_id: self.batches.load_result(job_id), self.thumbnails)
        self.batch_uploads = BatchUploads(self.image_fetcher, self.batches)
        row_requests = RowRequestBuilder(self.validator)
        self.batch_drafter = BatchDrafter(self.batches, row_requests, max_bytes, settings.batch_max_items)
        self.batch_repeater = BatchRepeater(self.batches, row_requests, settings.batch_max_items)
        self.batch_messages = BatchMessageBuilder(self.batches, batch_thumbnails, self.job_history, self.guild_settings)
        self.batch_exporter = BatchExporter(self.batches, self.job_history, catalogue)
        self.pictures = PictureSubmitter(self.submitter, exploration_starter, self.exploration_confirmation, catalogue)

    def _build_queue(self) -> None:
        """Build the services that are kept in Redis, on one pool of connections."""
        settings, catalogue = self.settings, self.catalogue
        self._redis = connect_to_redis(settings.redis_url.get_secret_value(), settings.key_names)
        limits, broker_url = read_limits(settings), settings.celery_broker_url
        broker = connect_to_redis(broker_url.get_secret_value(), settings.key_names) if broker_url else None
        pictures = QueuePictures(create_picture_storage(settings))
        self.queue = RedisJobQueue(
            self._redis,
            catalogue=catalogue,
            build_ticket=CeleryTicketWriter().write_ticket,
            limits=limits,
            max_memory_ratio=settings.redis_max_memory_ratio,
            broker=broker,
            tracer=self.tracer,
            events=self.events,
            pictures=pictures,
        )
        self.call_paces = RedisCallPaces(self._redis, catalogue)
        self.withdrawn_models = WithdrawnModels(self._redis, catalogue)
        self.readings = Readings(self._redis, broker, self.database, catalogue, self.budgets.bot_budgets)
        self.outcomes = RedisOutcomeStream(self._redis, catalogue, pictures)
        token = make_bot_token()
        self.leader_lock = LeaderLock(self._redis, token)
        self.delivery_partitions = DeliveryPartitions(self._redis, token)
        self.identify_gate = RedisIdentifyGate(self._redis)
        self.queue_epoch = RedisQueueEpoch(self._redis)
        self.paused_queues = PausedQueues(self.guild_settings, RedisPausedGuilds(self._redis))
        self.epoch_store = SqlEpochStore(self.database)
        self.drafts = RedisDraftStore(self._redis, limits=limits, max_memory_ratio=settings.redis_max_memory_ratio)
        self.saved_searches = RedisSavedSearchStore(self._redis)

    def _build_stores(self) -> None:
        """Build the stores, which share the database."""
        settings, catalogue = self.settings, self.catalogue
        self.database = Database(settings.database_url.get_secret_value())
        bot_budgets = build_bot_budgets(settings.budget_usd_per_day, settings.budget_usd_per_month)
        self.job_store = SqlJobStore(self.database, catalogue=catalogue, bot_budgets=bot_budgets)
        self.batches = SqlBatchStore(self.database, catalogue=catalogue, bot_budgets=bot_budgets)
        self.budgets = SqlBudgetStore(self.database, bot_budgets)
        self.blocks = SqlBlockStore(self.database)
        self.access_rule = AccessRule(self.blocks, settings.servers)
        self.audit_log = SqlAuditLog(self.database)
        self.moderation = SqlModerationStore(self.database)
        self.data_deletions = SqlDataDeletions(self.database)
        self.ledger_reports = SqlLedgerReports(self.database)
        self.job_history = SqlJobHistory(self.database)
        self.job_search = SqlJobSearch(self.database)
        self.image_store = SqlImageStore(self.database)
        self.result_hashes = SqlResultHashStore(self.database)
        self.favourites = SqlFavouriteStore(self.database)
        self.gallery = SqlGalleryStore(self.database)
        self.presets = SqlPresetStore(self.database)
        self.style_sets = SqlStyleSetStore(self.database)
        self.preferences = SqlPreferencesStore(self.database)
        self.guild_settings = SqlGuildSettingsStore(self.database)
        self.rounds = RoundStores(self.database)
        self.thumbnails = SqlThumbnailStore(self.database)
        self.teams = SqlTeamStore(self.database)

    async def connect(self) -> None:
        """Upgrade the schema and connect to the queue. A Redis that cannot be read for a while is waited for.

        One that only refuses to write is no reason not to start: members are told. Raises `DatabaseSetupError`,
        `UnsupportedServerError`, `UnsupportedFormatError` and `StartupError`.
        """
        await self._check_queue()  # before the database is upgraded
        await self.database.migrate()

    async def _check_queue(self) -> None:
        """Wait for a Redis that refuses, and log it. Raises `StartupError` if it cannot be reached."""
        outage = OutageLog(log)
        while True:
            try:
                with raise_queue_unavailable():
                    await check_redis(self._redis)
            except QueueUnavailableError as error:
                if not error.is_refusal:
                    raise StartupError(describe_redis_error(error.__cause__ or error)) from error
                outage.report_failure(f"{error} The bot waits")
            except PentimentoError:
                raise
            except Exception as error:
                raise StartupError(describe_redis_error(error)) from error
            else:
                return
            await asyncio.sleep(CONNECT_RETRY_SECONDS)

    async def close(self) -> None:
        """Give the leader lock back and close all connections."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.database.close)
            stack.push_async_callback(self._redis.aclose)
            stack.push_async_callback(self.queue.close)
            stack.push_async_callback(self.leader_lock.close)
            stack.push_async_callback(self.delivery_partitions.close)


@asynccontextmanager
async def open_services(
    settings: Settings, catalogue: Catalogue, tracer: Tracer = NO_TRACER, events: Events = NO_EVENTS
) -> AsyncIterator[Services]:
    """Build the services and close them in the end. Raises `DatabaseSetupError`."""
    async with AsyncExitStack() as stack:
        http_session = await stack.enter_async_context(open_http_session(proxies=settings.proxies))
        services = Services(settings, catalogue, http_session, tracer, events)
        stack.push_async_callback(services.close)
        yield services


def read_limits(settings: Settings) -> Limits:
    """Read the limits on the jobs of users, batches, channels and guilds from the settings."""
    return Limits(
        user=ScopeLimits(
            max_open=settings.max_waiting_per_user,
            max_running=settings.max_running_per_user,
            max_per_minute=settings.max_per_minute_per_user,
        ),
        batch=ScopeLimits(max_running=settings.max_running_per_batch),
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
