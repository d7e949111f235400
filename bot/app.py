"""The composition root: builds the features and the background tasks from the services, and runs the bot."""

import asyncio
import signal
from functools import partial

from bot.delivery.consumer import OutcomeConsumer
from bot.discord_client.client import Bot
from bot.discord_client.feature import Feature
from bot.explorations.message_updater import ExplorationMessages
from bot.features.budgets.feature import build_budgets_feature
from bot.features.explore.feature import build_explore_feature
from bot.features.export.feature import build_export_feature
from bot.features.foreign_syntax.feature import build_foreign_syntax_feature
from bot.features.help.feature import build_help_feature
from bot.features.history.feature import build_history_feature
from bot.features.imagine.feature import build_imagine_feature
from bot.features.lineage.feature import build_lineage_feature
from bot.features.moderation.feature import build_moderation_feature
from bot.features.preferences.feature import build_preferences_feature
from bot.features.presets.feature import build_presets_feature
from bot.features.privacy.feature import build_privacy_feature
from bot.features.queue.feature import build_queue_feature
from bot.features.reimagine.feature import build_reimagine_feature
from bot.features.result_actions.feature import build_result_actions_feature
from bot.features.server_settings.feature import build_server_settings_feature
from bot.health import Heartbeat, Probe
from bot.interactions.access import AccessRule
from bot.lifecycle import BackgroundTask, StartupError, run_unless_stopped, run_until_stopped
from bot.recovery.epoch import EpochKeeper
from bot.recovery.reconciler import Reconciler
from bot.results.newest import NewestResultFinder
from bot.services import Services, open_services
from bot.settings import Settings
from bot.status.status_messages import StatusMessages
from bot.storage.engine import DatabaseSetupError
from bot.storage.housekeeping import delete_expired_images, settle_closed_jobs
from shared.catalogue import Catalogue


async def run_bot(settings: Settings, catalogue: Catalogue) -> None:
    """Run the bot until SIGTERM, SIGINT or SIGHUP. Raises `StartupError` and `UnsupportedFormatError`."""
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    try:
        async with open_services(settings, catalogue) as services:
            if not await run_unless_stopped(services.connect(), stop):
                return
            bot = Bot(
                build_features(services),
                services.preferences,
                services.guild_settings,
                AccessRule(services.blocks, settings.servers),
                leaves_other_guilds=settings.leave_other_servers,
                proxy=settings.proxies.choose_proxy(settings.discord_api_url),
            )
            background_tasks = build_background_tasks(services, settings, bot)
            await run_until_stopped(bot, settings.discord_token.get_secret_value(), background_tasks, stop)
    except DatabaseSetupError as error:
        raise StartupError(str(error)) from error


def build_features(services: Services) -> list[Feature]:
    """Build every feature, in the order in which their commands are registered."""
    s = services
    newest_results = NewestResultFinder(s.job_history, s.job_search)
    return [
        build_imagine_feature(s.option_parser, s.pictures, s.drafts, newest_results, s.catalogue),
        build_explore_feature(s.option_parser, s.exploration_confirmation, s.queue, s.catalogue),
        build_reimagine_feature(s.validator, s.pictures, s.drafts, s.job_history, s.reuse_rule, s.catalogue),
        build_result_actions_feature(
            s.submitter, s.result_lookup, s.reuse_rule, s.favourites, s.drafts, s.pictures, s.catalogue
        ),
        build_foreign_syntax_feature(s.drafts, s.draft_images, s.pictures),
        build_preferences_feature(s.preferences, s.catalogue),
        build_queue_feature(s.queue, s.cancellation, s.catalogue),
        build_history_feature(
            s.job_search, s.saved_searches, s.job_history, s.queue, s.image_loader, s.thumbnail_loader, s.catalogue
        ),
        build_lineage_feature(
            s.job_history, newest_results, s.image_store, s.database, s.thumbnail_loader, s.catalogue
        ),
        build_export_feature(s.job_search, s.image_loader),
        build_privacy_feature(s.database, s.queue, s.saved_searches),
        build_budgets_feature(s.budgets, s.ledger_reports, s.audit_log),
        build_moderation_feature(s.blocks, s.audit_log, s.job_history, s.queue),
        build_server_settings_feature(s.guild_settings, s.audit_log),
        build_help_feature(
            s.preferences,
            s.guild_settings,
            s.catalogue,
            privacy_url=s.settings.privacy_url,
            source_url=s.settings.source_url,
        ),
        build_presets_feature(s.presets, s.preset_option, s.job_history, newest_results, s.catalogue),
    ]


def build_background_tasks(services: Services, settings: Settings, bot: Bot) -> dict[str, BackgroundTask]:
    """Build the tasks that run beside the client, by name. Those of the leader wait until this bot leads."""
    s = services
    exploration_messages = ExplorationMessages(bot, s.queue, s.explorations, s.thumbnail_loader, s.catalogue)
    status_messages = StatusMessages(bot, s.queue, s.catalogue)
    consumer = OutcomeConsumer(
        bot,
        s.outcomes,
        s.catalogue,
        store=s.job_store,
        image_store=s.image_store if settings.image_retention_days else None,
        status_messages=status_messages,
        guild_settings=s.guild_settings,
        followups=s.followups,
    )
    reconciler = Reconciler(
        s.job_store,
        s.queue,
        consumer,
        s.image_fetcher.fetch_image,
        load_stored_image=s.image_store.load_source_image,
        interval_seconds=settings.reconcile_interval_seconds,
    )

    epoch_keeper = EpochKeeper(s.queue_epoch, s.queue, s.epoch_store, reconciler.run_once)

    async def deliver_outcomes() -> None:
        await s.outcomes.start()
        await consumer.run()

    leader_tasks: dict[str, BackgroundTask] = {
        "status messages": status_messages.run,
        "exploration messages": exploration_messages.run,
        "delivery": deliver_outcomes,
        "recovery": reconciler.run,
        "epoch": epoch_keeper.run,
        "call log": epoch_keeper.record_calls,
        "ledger": partial(settle_closed_jobs, s.job_store),
        "housekeeping": partial(delete_expired_images, s.image_store, settings.image_retention_days),
    }
    tasks: dict[str, BackgroundTask] = {"leader lock": s.leader_lock.run}
    if settings.heartbeat_file:
        tasks["heartbeat"] = Heartbeat(settings.heartbeat_file, build_probes(services, bot, consumer)).run
    return tasks | {name: partial(s.leader_lock.run_while_leader, task) for name, task in leader_tasks.items()}


def build_probes(services: Services, bot: Bot, consumer: OutcomeConsumer) -> dict[str, Probe]:
    """Build the probes of the heartbeat."""
    s = services

    async def is_gateway_alive() -> bool:
        return bot.is_receiving()

    async def is_redis_answering() -> bool:
        return s.leader_lock.is_answered()

    async def is_database_writable() -> bool:
        await s.database.probe_write()
        return True

    async def is_delivering() -> bool:
        return not s.leader_lock.is_leader or consumer.is_reading()

    return {
        "Discord's gateway": is_gateway_alive,
        "Redis": is_redis_answering,
        "the database": is_database_writable,
        "delivery": is_delivering,
    }
