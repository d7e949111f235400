"""The Celery app of one worker process, wired: queue, Bedrock, the two tasks, and the rounds beside them."""

import logging
import os
from typing import Any

import kombu.asynchronous
from celery import Celery
from celery.signals import setup_logging, task_postrun, worker_ready, worker_shutdown, worker_shutting_down
from kombu import Exchange
from kombu import Queue as CeleryQueue

from shared.queue.celery_config import CELERY_CONFIG
from shared.queue.stages import TASK_NAMES, Stage
from worker.bedrock.client import BedrockImageClient
from worker.generate import GenerateJob
from worker.maintenance import MaintenanceThread
from worker.queue.connection import connect_to_redis
from worker.queue.job_queue import RedisJobQueue
from worker.settings import Settings
from worker.tasks import Tasks

log = logging.getLogger(__name__)


def create_app(settings: Settings) -> Celery:
    """Build the app. Opens nothing until the worker starts. Raises `ValueError` or `OSError` for a wrong catalogue."""
    catalogue = settings.read_catalogue()
    url = settings.redis_url.get_secret_value()
    app = Celery("pentimento", broker=url)
    app.conf.update(
        CELERY_CONFIG,
        broker_transport="worker.queue.celery_transport:Transport",
        worker_pool="threads",
        worker_concurrency=settings.worker_concurrency,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        # no_ack: a Redis that is full refuses the note of what was taken, which would end the worker
        task_queues=[
            CeleryQueue(stage.value, Exchange(stage.value), routing_key=stage.value, no_ack=True) for stage in Stage
        ],
        task_default_queue=Stage.GENERATE.value,
    )

    def send_ticket(stage: Stage) -> None:
        try:
            app.send_task(TASK_NAMES[stage], queue=stage.value, ignore_result=True)
        except Exception as error:  # noqa: BLE001 - whatever the transport raises; it is logged in a line
            log.warning("no ticket could be sent for stage %s (%r); the next sweep sends one", stage, error)

    client = connect_to_redis(url)
    queue = RedisJobQueue(
        client, send_ticket, lease_seconds=settings.lease_seconds, image_ttl_seconds=settings.queue_image_ttl_seconds
    )
    studio = BedrockImageClient(
        region=settings.aws_region,
        call_seconds=settings.bedrock_call_seconds,
        concurrency=settings.worker_concurrency,
        streaming=settings.bedrock_streaming,
    )
    generating = GenerateJob(queue, studio, catalogue, settings.max_wait_seconds)
    tasks = Tasks(queue, catalogue, generating, cores=len(os.sched_getaffinity(0)))
    tasks.register(app)
    rounds = MaintenanceThread(
        queue.renew_leases, lambda: queue.sweep(catalogue), heartbeat_file=settings.heartbeat_file
    )

    def ready(**_: Any) -> None:
        rounds.start()
        log.info("worker ready: %d jobs at a time, models %s", settings.worker_concurrency, ", ".join(catalogue.models))

    def shutting_down(**_: Any) -> None:
        log.info("stopping: nothing more is claimed, what runs may end")
        tasks.drain()

    def shut_down(**_: Any) -> None:
        rounds.stop()
        studio.close()
        client.close()

    setup_logging.connect(_skip_logging_setup, weak=False)
    worker_ready.connect(ready, weak=False)
    worker_shutting_down.connect(shutting_down, weak=False)
    worker_shutdown.connect(shut_down, weak=False)
    task_postrun.connect(_wake_ticket_loop, weak=False)
    return app


def _skip_logging_setup(**_: Any) -> None:
    """Keep Celery from setting up logging: it would raise the root's level to its own, over LOG_LEVEL."""


def _wake_ticket_loop(**_: Any) -> None:
    """Wake the loop that fetches tickets: with threads and no prefetch nothing else does when a task ends."""
    hub = kombu.asynchronous.get_event_loop()
    if hub is not None:
        hub.call_soon(hub.call_later, 0.02, lambda: None)
