"""Tickets: the bot adds them to the list of a stage together with the job, and kombu reads them."""

import json
from typing import Any

import pytest
from celery import Celery
from kombu import Connection
from kombu.utils.json import dumps

from bot.queue.celery_tickets import CeleryTicketWriter
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from shared.catalogue import Catalogue
from shared.queue.celery_config import CELERY_CONFIG
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import TASK_NAMES, Stage
from tests.support.redis_queue import make_job


async def test_each_job_has_a_ticket_of_its_own_for_its_stage(redis_url: str, catalogue: Catalogue) -> None:
    queue = BotJobQueue(connect_bot(redis_url), catalogue=catalogue, build_ticket=CeleryTicketWriter().write_ticket)
    for number in (1, 2):
        await queue.enqueue_job(make_job(number), None)
        await queue.enqueue_job(make_job(number), None)
    await queue.enqueue_job(make_job(3, has_picture=True), b"an upload")
    await queue.close()

    options = {"global_keyprefix": DEFAULT_KEYS.celery_prefix}
    with Connection(redis_url, transport_options=options) as connection:
        channel: Any = connection.default_channel
        stages = (Stage.GENERATE, Stage.GENERATE, Stage.PREPARE, Stage.GENERATE, Stage.PREPARE)
        messages = [channel.basic_get(stage.value, no_ack=True) for stage in stages]
        channel.client.connection_pool.disconnect()

    first, second, third = (message for message in messages if message is not None)
    assert [ticket.headers["task"] for ticket in (first, second, third)] == [
        TASK_NAMES[stage] for stage in (Stage.GENERATE, Stage.GENERATE, Stage.PREPARE)
    ]
    assert first.decode() == [[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    assert len({ticket.headers["id"] for ticket in (first, second, third)}) == 3
    assert len({ticket.delivery_tag for ticket in (first, second, third)}) == 3


@pytest.mark.parametrize("stage", Stage)
def test_a_ticket_is_what_celery_sends_but_for_ids_and_sender(stage: Stage) -> None:
    app = Celery("pentimento", broker="memory://", set_as_current=False)
    app.conf.update(CELERY_CONFIG, broker_transport_options={})
    with app.connection() as connection:
        app.send_task(TASK_NAMES[stage], queue=str(stage), ignore_result=True, connection=connection)
        channel: Any = connection.default_channel
        sent = json.loads(dumps(channel.basic_get(str(stage), no_ack=True).serializable()))
    ours = json.loads(CeleryTicketWriter().write_ticket(stage))

    assert ours["headers"]["id"] == ours["headers"]["root_id"] == ours["properties"]["correlation_id"]
    assert sent["properties"].pop("reply_to")  # where Celery would send a result
    for ticket in (sent, ours):
        for name in ("id", "root_id", "origin"):
            assert ticket["headers"].pop(name)
        for name in ("correlation_id", "delivery_tag"):
            assert ticket["properties"].pop(name)
    assert ours == sent
