"""The tasks that run beside the client: delivery, status messages, recovery and housekeeping."""

from functools import partial
from typing import Final

from bot.batches.approval_messages import ApprovalMessages
from bot.batches.drawer import BatchDrawer
from bot.batches.runner import BatchRunner
from bot.delivery.consumer import OutcomeConsumer
from bot.delivery.notices import NoticeSender
from bot.discord_client.client import Bot
from bot.explorations.message_updater import ExplorationMessages
from bot.features.gallery.poster import GalleryPoster
from bot.features.privacy.deleter import DataDeleter
from bot.features.privacy.store import SqlUserDataStore
from bot.health import HealthMonitor, Heartbeat
from bot.lifecycle import BackgroundTask
from bot.monitoring.probes import build_probes
from bot.periodic import run_every
from bot.recovery.epoch import EpochKeeper
from bot.recovery.reconciler import Reconciler
from bot.recovery.restored_jobs import RestoredJobs
from bot.rounds.leader import RoundLeader
from bot.rounds.message_sender import RoundMessageSender
from bot.services import Services
from bot.settings import Settings
from bot.status.status_messages import StatusMessages
from bot.storage.backup_log import SqlBackupLog
from bot.storage.batch_jobs import SqlBatchJobStore
from bot.storage.credits import SqlCreditStore
from bot.storage.housekeeping import (
    delete_closed_notices,
    delete_expired_batch_pictures,
    delete_expired_images,
    delete_old_records,
    maintain_ledger,
)
from bot.storage.notices import SqlNoticeStore
from bot.storage.retention import SqlRetention
from bot.tasks import sleep_until_tick

OFFER_INTERVAL_SECONDS: Final = 10.0

CHANGES_INTERVAL_SECONDS: Final = 2.0
"""How often the leading bot looks whether another process has changed the database. Its own changes wake it at once."""


def build_background_tasks(
    services: Services, settings: Settings, bot: Bot, monitor: HealthMonitor
) -> dict[str, BackgroundTask]:
    """Build the tasks that run beside the client, by name, and start to probe them.

    Those of the leader wait until this bot leads.
    """
    s = services
    exploration_messages = ExplorationMessages(
        bot, s.queue, s.explorations, s.thumbnail_loader, s.catalogue, s.guild_settings
    )
    status_messages = StatusMessages(bot, s.queue, s.catalogue, s.delivery_partitions)
    consumer = OutcomeConsumer(
        bot,
        s.outcomes,
        s.delivery_partitions,
        s.catalogue,
        store=s.job_store,
        image_store=s.image_store,
        result_hashes=s.result_hashes,
        keeps_images=bool(settings.image_retention_days),
        status_messages=status_messages,
        guild_settings=s.guild_settings,
        entries=s.rounds.contests,
        followups=s.followups,
        tracer=s.tracer,
        events=s.events,
    )
    backups = SqlBackupLog(s.database)
    reconciler = Reconciler(
        s.job_store,
        s.queue,
        consumer,
        s.image_fetcher.fetch_image,
        s.queue_epoch.has_kept_jobs_since,
        load_stored_image=s.image_store.load_upload,
        is_restored=backups.is_restored,
        interval_seconds=settings.reconcile_interval_seconds,
    )
    gallery_poster = GalleryPoster(
        bot,
        s.gallery,
        SqlCreditStore(s.database),
        s.job_history,
        s.image_loader,
        s.preferences,
        s.guild_settings,
        s.catalogue,
    )
    batch_runner = BatchRunner(
        s.batches,
        SqlBatchJobStore(s.database),
        s.job_store,
        s.queue,
        s.guild_settings,
        s.blocks,
        s.catalogue,
    )
    approvals = ApprovalMessages(bot, s.batches, s.teams, s.guild_settings, s.catalogue)
    notices = SqlNoticeStore(s.database)
    notice_sender = NoticeSender(bot, notices, bot.notice_renderers, s.guild_settings)

    restored_jobs = RestoredJobs(backups, s.queue_epoch, s.queue, s.job_store, consumer.find_outcome_message)
    epoch_keeper = EpochKeeper(
        s.queue_epoch, s.queue, s.epoch_store, s.paused_queues.update, reconciler.run_once, restored_jobs
    )

    changes, find_changes = s.database.changes, s.database.find_changes
    leader_tasks: dict[str, BackgroundTask] = {
        "database changes": partial(
            run_every, CHANGES_INTERVAL_SECONDS, find_changes, "looking for changes", sleep=sleep_until_tick
        ),
        "exploration messages": partial(exploration_messages.run, changes),
        "notices": partial(notice_sender.run, changes),
        "rounds": partial(RoundLeader(s.rounds.contests, s.queue).run, changes),
        "round messages": partial(RoundMessageSender(bot, s.rounds, s.round_messages).run, changes),
        "batches": partial(batch_runner.run, changes),
        "approvals": partial(approvals.run, changes),
        "batch messages": partial(BatchDrawer(bot, s.batches, s.batch_messages).run, changes),
        "galleries": partial(gallery_poster.run, changes),
        "data deletions": DataDeleter(
            s.data_deletions, SqlUserDataStore(s.database), s.queue.purge_jobs, s.saved_searches.delete_searches
        ).run,
        "recovery": reconciler.run,
        "epoch": partial(epoch_keeper.run, s.delivery_partitions.wait_for_lost_epoch),
        "paused queues": s.paused_queues.run,
        "call log": epoch_keeper.record_calls,
        "ledger": partial(maintain_ledger, s.job_store, s.budgets),
        "old notices": partial(delete_closed_notices, notices),
        "old batches": partial(delete_expired_batch_pictures, s.batches, settings.batch_retention_days),
        "old records": partial(
            delete_old_records,
            SqlRetention(s.database),
            settings.record_retention_days,
            settings.prompt_retention_days,
        ),
        "housekeeping": partial(delete_expired_images, s.image_store, settings.image_retention_days),
    }
    update_offer = s.withdrawn_models.update_offer
    tasks: dict[str, BackgroundTask] = {
        "leader lock": s.leader_lock.run,
        "partitions": s.delivery_partitions.run,
        "delivery": consumer.run,
        "status messages": status_messages.run,
        "models on offer": partial(run_every, OFFER_INTERVAL_SECONDS, update_offer, "updating the models on offer"),
    }
    monitor.start(build_probes(services, bot, consumer))
    if settings.heartbeat_file:
        tasks["heartbeat"] = Heartbeat(settings.heartbeat_file, monitor).run
    return tasks | {name: partial(s.leader_lock.run_while_leader, task) for name, task in leader_tasks.items()}
