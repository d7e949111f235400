"""Redis behind TLS, with a password and with users that may do no more than the documentation gives them."""

from typing import Any

import pytest
import redis
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import NoPermissionError

from bot.domain.draft import Draft
from bot.domain.errors import QueueResultUnknownError
from bot.domain.images import RemoteImage
from bot.queue.celery_tickets import CeleryTicketWriter
from bot.queue.connection import connect_to_redis
from bot.queue.delivery_partitions import DeliveryPartitions
from bot.queue.drafts import RedisDraftStore
from bot.queue.identify_gate import RedisIdentifyGate
from bot.queue.job_queue import RedisJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from shared.catalogue import Catalogue
from shared.job import Job, Origin, Requester
from shared.problems import RejectedError
from shared.prompts import TextPrompt
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from shared.request.model import Request
from tests.support.redis_queue import confirm_epoch
from tests.support.secured_redis import ADMIN_PASSWORD, PASSWORDS, TLS_SKIP_REASON, SecuredRedis, read_documented_users
from worker.ports import QueueUnavailableError
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

DATABASE = 5  # a database where the house's worker takes nothing away
JOB = Job(
    id="77",
    request=Request(model="sd3.5-large", text_prompts=(TextPrompt(text="x"),), has_picture=False),
    seed=1,
    requester=Requester(id=1, name="Ada"),
    origin=Origin(guild_id=1, channel_id=2, message_id=3),
    accepted_at=0,
)


def skip_without_tls(server: SecuredRedis) -> None:
    if server.tls_port is None:
        pytest.skip(TLS_SKIP_REASON)


def open_bot_queue(url: str, catalogue: Catalogue) -> RedisJobQueue:
    return RedisJobQueue(connect_to_redis(url), catalogue=catalogue, build_ticket=CeleryTicketWriter().write_ticket)


FORBIDDEN = (
    *(("FLUSHALL",), ("FLUSHDB",), ("KEYS", "*"), ("CONFIG", "GET", "*"), ("ACL", "LIST"), ("SCRIPT", "FLUSH")),
    *(("SHUTDOWN",), ("MONITOR",), ("CLIENT", "LIST"), ("REPLICAOF", "NO", "ONE")),
    *(("GET", "somebody:elses"), ("SET", "somebody:elses", "1"), ("DEL", "somebody:elses"), ("PUBLISH", "x", "y")),
    *(
        ("EVAL", "return redis.call('GET', 'somebody:elses')", "0"),
        ("MIGRATE", "h", "1", "k", "0", "1"),
    ),
)


@pytest.mark.parametrize("user", sorted(PASSWORDS))
@pytest.mark.parametrize("command", FORBIDDEN, ids=" ".join)
def test_neither_user_may_do_more(locked_redis: SecuredRedis, user: str, command: tuple[str, ...]) -> None:
    with (
        redis.Redis.from_url(locked_redis.build_url(user)) as client,
        pytest.raises((NoPermissionError, redis.ResponseError), match=r"(?i)permission|can't access"),
    ):
        client.execute_command(*command)


def test_the_readme_has_a_user_for_each_half() -> None:
    assert set(read_documented_users()) == set(PASSWORDS)


@pytest.mark.parametrize("kind", ["TLS", "plain", "password alone"])
async def test_what_the_bot_takes_on_the_worker_claims(
    locked_redis: SecuredRedis, catalogue: Catalogue, kind: str
) -> None:
    def url(user: str) -> str:
        if kind == "password alone":
            return f"redis://:{ADMIN_PASSWORD}@127.0.0.1:{locked_redis.server.port}/{DATABASE}"
        return (
            locked_redis.build_url(user, database=DATABASE)
            if kind == "TLS"
            else locked_redis.build_plain_url(user, database=DATABASE)
        )

    if kind == "TLS":
        skip_without_tls(locked_redis)
    job = JOB.model_copy(update={"id": f"77{len(kind)}", "requester": Requester(id=len(kind), name="Ada")})
    queue = open_bot_queue(url("pentimento-bot"), catalogue)
    bot_redis = connect_to_redis(url("pentimento-bot"))
    partitions = DeliveryPartitions(bot_redis, "bot-1")
    await partitions._update()
    assert partitions.tenures
    await partitions.close()
    await RedisIdentifyGate(bot_redis).wait_for_turn(len(kind))
    await RedisOutcomeStream(bot_redis, catalogue).close()
    assert await queue.enqueue_job(job, None)
    await queue.close()
    with locked_redis.connect_as_admin(DATABASE) as admin:
        ticket = admin.rpop(DEFAULT_KEYS.ticket_list_key(Stage.GENERATE))

    client = connect_worker(url("pentimento-worker"))
    workers = WorkerJobQueue(client, lambda _: None)
    with locked_redis.connect_as_admin(DATABASE) as admin:
        confirm_epoch(admin)
    claim = workers.claim(Stage.GENERATE)
    client.close()

    assert ticket is not None
    assert claim is not None
    assert claim.job == job


@pytest.mark.parametrize("wrong", [{"password": "wr0ng-password"}, {"authority": False}])
async def test_a_wrong_password_or_authority_is_refused_in_words_without_it(
    locked_redis: SecuredRedis, catalogue: Catalogue, wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    if "authority" in wrong:
        skip_without_tls(locked_redis)
    queue = open_bot_queue(locked_redis.build_url("pentimento-bot", **wrong), catalogue)
    with pytest.raises((RejectedError, QueueResultUnknownError)) as refused:
        await queue.enqueue_job(JOB, None)
    await queue.close()
    client = connect_worker(locked_redis.build_url("pentimento-worker", **wrong))
    with pytest.raises(QueueUnavailableError) as away:
        WorkerJobQueue(client, lambda _: None).claim(Stage.GENERATE)
    client.close()

    if isinstance(refused.value, RejectedError):
        assert [p.code for p in refused.value.problems] == ["queue_not_writable"]
    assert isinstance(refused.value, RejectedError) == ("password" in wrong)
    said = caplog.text + str(away.value)
    assert not [secret for secret in ("wr0ng-password", *PASSWORDS.values()) if secret in said]


async def test_the_bots_user_may_keep_what_a_form_is_about(locked_redis: SecuredRedis) -> None:
    client = connect_to_redis(locked_redis.build_url("pentimento-bot", database=DATABASE))
    drafts, draft = (
        RedisDraftStore(client),
        Draft(1, (RemoteImage("https://cdn.discordapp.com/a.png?ex=1", 4, "a.png"),), "77"),
    )

    await drafts.save_draft("88", draft)
    again, other = await drafts.load_draft("88"), await drafts.load_draft("89")
    await client.aclose()

    assert (again, other) == (draft, None)


async def test_a_draft_that_cannot_be_kept_is_refused_in_words(locked_redis: SecuredRedis) -> None:
    client = connect_to_redis(locked_redis.build_url("pentimento-bot", password="wr0ng-password"))

    with pytest.raises(RejectedError) as refused:
        await RedisDraftStore(client).load_draft("88")
    await client.aclose()

    assert [p.code for p in refused.value.problems] == ["queue_unavailable"]


def test_without_a_password_nothing_is_answered(locked_redis: SecuredRedis) -> None:
    with (
        redis.Redis(port=locked_redis.server.port) as client,
        pytest.raises((NoConnection, redis.AuthenticationError)),
    ):
        client.ping()
