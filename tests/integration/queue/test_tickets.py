"""Tickets: the bot lays them into a lane's list with the job, and kombu takes them out."""

from typing import Any

from kombu import Connection

import bot.queue.redis_queue as bot_side
from bot.queue.celery_tickets import CeleryTicketWriter
from shared.catalogue import Catalogue
from shared.queue.keys import GENERATE, PREPARE, TASK_NAMES
from shared.queue.redis_options import CELERY_CONFIG
from tests.support.redis_queue import make_job

TRANSPORT_OPTIONS = CELERY_CONFIG["broker_transport_options"]


async def test_each_job_has_a_ticket_of_its_own_for_its_stage(redis_url: str, catalogue: Catalogue) -> None:
    queue = bot_side.RedisJobQueue(
        bot_side.connect_to_redis(redis_url), catalogue=catalogue, build_ticket=CeleryTicketWriter().write_ticket
    )
    for number in (1, 2):
        await queue.enqueue_job(make_job(number), None)
        await queue.enqueue_job(make_job(number), None)
    await queue.enqueue_job(make_job(3, has_picture=True), b"an upload")
    await queue.close()

    with Connection(redis_url, transport_options=TRANSPORT_OPTIONS) as connection:
        channel: Any = connection.default_channel
        taken = [channel.basic_get(lane, no_ack=True) for lane in (GENERATE, GENERATE, PREPARE, GENERATE, PREPARE)]
        channel.client.connection_pool.disconnect()

    first, second, third = (ticket for ticket in taken if ticket is not None)
    assert [ticket.headers["task"] for ticket in (first, second, third)] == [
        TASK_NAMES[lane] for lane in (GENERATE, GENERATE, PREPARE)
    ]
    assert first.decode() == [[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    assert len({ticket.headers["id"] for ticket in (first, second, third)}) == 3
    assert len({ticket.delivery_tag for ticket in (first, second, third)}) == 3
