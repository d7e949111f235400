"""The Celery app of a worker process: the queue, the Bedrock client, the two tasks, and the maintenance thread."""

import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

import celery.apps.worker
import kombu.asynchronous
from celery import Celery, bootsteps, platforms
from celery.signals import (
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)
from kombu import Exchange
from kombu import Queue as CeleryQueue

from shared.addresses.redis import parse_redis_address
from shared.catalogue import Catalogue
from shared.logging import WRITERS, EntryFormatter, configure_logging
from shared.outage_log import OutageLog
from shared.pictures.storage import create_picture_storage
from shared.queue.celery_config import CELERY_CONFIG
from shared.queue.server_mode import UnsupportedServerError
from shared.queue.stages import TASK_NAMES, Stage
from shared.settings_reader import find_misspelt_settings
from shared.stored_format import UnsupportedFormatError
from shared.tracing import create_tracer
from worker.accounts import AccountPool
from worker.configuration import create_guardrail, create_image_client
from worker.generate import GenerateJob
from worker.health import WorkerHealth
from worker.maintenance import MaintenanceThread
from worker.malloc import tune_malloc
from worker.monitoring.setup import Monitoring
from worker.picture_checks import PictureChecks
from worker.queue.connection import connect_to_redis
from worker.queue.consumer_watch import ConsumerWatch
from worker.queue.job_queue import RedisJobQueue
from worker.queue.startup import wait_for_redis
from worker.queue.ticket_counter import TicketCounter
from worker.settings import Settings
from worker.signing import load_signer
from worker.tasks import Tasks

EXIT_UNSUPPORTED: Final = 2

_VERBOSE_LOGGERS: Final = ("celery", "kombu", "botocore", "urllib3")
_WAKE_UP_SECONDS: Final = 0.02

log = logging.getLogger(__name__)


def run_worker(settings: Settings, catalogue: Catalogue) -> bool:
    """Run the worker until it ends. Return whether a signal stopped it in order. Raises `InvalidSettingsError`."""
    # it tells stdout of each signal, as the log does
    celery.apps.worker.safe_say = lambda *_: None  # type: ignore[attr-defined]
    app = set_up_app(settings, catalogue)
    worker = app.Worker(without_gossip=True, without_mingle=True, without_heartbeat=True, quiet=True)
    signals: list[str] = []
    worker_shutting_down.connect(lambda sig, **_: signals.append(sig), weak=False)
    worker.start()
    if not signals:
        log.critical("the worker has ended by itself; the lines above say why, and a supervisor should start it again")
    return bool(signals) and (not worker.exitcode or "SIGINT" in signals)  # Celery counts Ctrl+C as a failure


def set_up_app(settings: Settings, catalogue: Catalogue) -> Celery:
    """Set up the allocator and logging, and create the app. Raises `InvalidSettingsError`."""
    tune_malloc()
    configure_logging(settings.log_level, EntryFormatter(WRITERS[settings.log_format]))
    for name in _VERBOSE_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("botocore.credentials").setLevel(logging.ERROR)  # a role that is refused is logged in words
    for sentence in find_misspelt_settings():
        log.warning("%s", sentence)
    return create_app(settings, catalogue)


def create_app(settings: Settings, catalogue: Catalogue) -> Celery:
    """Create the app. No connection is opened before the worker starts. Raises `InvalidSettingsError`."""
    tracer = create_tracer("pentimento-worker", is_on=settings.tracing)
    signer = load_signer(settings.c2pa_certificate_file, settings.c2pa_private_key_file)
    consumer_watch = ConsumerWatch(settings.worker_concurrency)
    app = _create_celery(settings, consumer_watch)
    health = WorkerHealth(lambda: tasks.is_draining)
    monitoring = Monitoring(settings.http_address, health, consumer_watch, settings.worker_concurrency)
    redis = monitoring.record_redis(connect_to_redis(settings.redis_url.get_secret_value(), settings.key_names))
    accounts = AccountPool(tuple(settings.accounts))
    ticket_counter = TicketCounter(settings.celery_broker_url, settings.key_names)
    storage = create_picture_storage(settings)
    queue = RedisJobQueue(
        redis,
        _build_ticket_sender(app),
        ticket_counter,
        lease_seconds=settings.lease_seconds,
        image_ttl_seconds=settings.queue_image_ttl_seconds,
        accounts=accounts,
        tracer=tracer,
        storage=storage,
    )
    bedrock = create_image_client(settings, settings.worker_concurrency)
    guardrail = create_guardrail(settings)
    checks = PictureChecks(guardrail, settings.bedrock_call_seconds) if guardrail else None
    recorded_queue, client = monitoring.record_queue(queue), monitoring.record_client(bedrock)
    generate_job = GenerateJob(
        recorded_queue, client, catalogue, settings.max_wait_seconds, signer, checks, accounts, tracer
    )
    tasks = Tasks(recorded_queue, catalogue, generate_job, cores=count_usable_cores(), tracer=tracer)
    tasks.register(app)
    maintenance = MaintenanceThread(
        queue.renew_leases,
        lambda: queue.sweep(catalogue),
        is_consuming=lambda: tasks.is_draining or consumer_watch.count_round(),
        health=health,
        heartbeat_file=settings.heartbeat_file,
    )

    def check_format(**_: Any) -> None:
        try:
            wait_for_redis(redis)
        except (UnsupportedServerError, UnsupportedFormatError) as error:
            log.critical("%s", error)
            raise SystemExit(EXIT_UNSUPPORTED) from error  # Celery goes on after any other exception

    def start_maintenance(**_: Any) -> None:
        maintenance.start()
        log.info(
            "worker ready: %d jobs at a time, models %s, accounts %s",
            settings.worker_concurrency,
            ", ".join(catalogue.models),
            ", ".join(settings.accounts),
        )

    def stop_claiming(**_: Any) -> None:
        log.info("stopping: no more jobs are claimed, running ones may end")
        tasks.drain()

    def close_connections(**_: Any) -> None:
        maintenance.stop()
        for close in (
            monitoring.close,
            bedrock.close,
            *([guardrail.close] if guardrail else []),
            ticket_counter.close,
            redis.close,
            storage.close,
            tracer.shutdown,
        ):
            close()

    worker_init.connect(monitoring.start, weak=False)
    worker_init.connect(check_format, weak=False)
    worker_ready.connect(start_maintenance, weak=False)
    worker_shutting_down.connect(stop_claiming, weak=False)
    worker_shutdown.connect(close_connections, weak=False)
    setup_logging.connect(_skip_logging_setup, weak=False)
    task_prerun.connect(lambda **_: consumer_watch.record_task_start(), weak=False)
    task_postrun.connect(lambda **_: consumer_watch.record_task_end(), weak=False)
    task_postrun.connect(_wake_ticket_loop, weak=False)
    return app


def _create_celery(settings: Settings, consumer_watch: ConsumerWatch) -> Celery:
    broker_url = settings.celery_broker_url or settings.redis_url
    address = parse_redis_address(broker_url.get_secret_value())
    app = Celery("pentimento", broker=address.public_url)
    channel_options = {
        "address": address,
        "consumer_watch": consumer_watch,
        "names": settings.key_names,
        "global_keyprefix": settings.key_names.celery_prefix,
    }
    app.conf.update(
        CELERY_CONFIG,
        broker_transport_options={**CELERY_CONFIG["broker_transport_options"], **channel_options},
        broker_transport="worker.queue.celery_transport:Transport",
        worker_pool="threads",
        worker_concurrency=settings.worker_concurrency,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        # no_ack: a full Redis refuses to record unacknowledged messages
        task_queues=[CeleryQueue(stage.value, Exchange(""), routing_key=stage.value, no_ack=True) for stage in Stage],
        task_default_queue=Stage.GENERATE.value,
    )
    app.steps["worker"].add(HangupStep)
    return app


def _build_ticket_sender(app: Celery) -> Callable[[Stage], None]:
    outage = OutageLog(log, "tickets are sent")

    def send_ticket(stage: Stage) -> None:
        try:
            app.send_task(TASK_NAMES[stage], queue=stage.value, ignore_result=True)
        except Exception as error:  # noqa: BLE001 - the transport may raise anything, and the sweep makes up for it
            outage.report_failure(f"no ticket could be sent ({error!r}); the next sweep tries again")
        else:
            outage.report_success()

    return send_ticket


def count_usable_cores() -> int:
    """Count the cores that this process may run on; only Linux can limit them."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class HangupStep(bootsteps.StartStopStep):
    """Lets SIGHUP stop the worker in order, as SIGTERM does: Celery would start `sys.argv` again, which fails."""

    def start(self, parent: Any) -> None:
        """Replace the handler, which Celery has installed just before."""
        del parent
        platforms.signals["SIGHUP"] = lambda *_: os.kill(os.getpid(), signal.SIGTERM)

    def stop(self, parent: Any) -> None:
        """Leave the handler: the worker is being stopped."""


def _skip_logging_setup(**_: Any) -> None:
    """Keep Celery from setting up logging: it would set the root logger to its own level instead of LOG_LEVEL."""


def _wake_ticket_loop(**_: Any) -> None:
    """Wake the loop that fetches tickets: with threads and no prefetch, nothing else does so when a task ends."""
    hub = kombu.asynchronous.get_event_loop()
    if hub is not None:
        hub.call_soon(hub.call_later, _WAKE_UP_SECONDS, lambda: None)
