"""Redis behind TLS, with a password and with users that may do no more than the README gives them."""

from typing import Any

import pytest
import redis
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import NoPermissionError

import worker.adapters.redis as worker_side
from bot.adapters.celery import CeleryTickets
from bot.adapters.drafts import RedisDrafts
from bot.adapters.redis import RedisQueue, connect
from bot.ports import Draft, Source, Unheard
from shared.catalogue import Catalogue
from shared.errors import Refused
from shared.job import Job, Place, Requester
from shared.prompts import TextPrompt
from shared.queue.names import GENERATE, ticket_list
from shared.request import Request
from tests.security.locked import ADMIN, PASSWORDS, TLS_MISSING, LockedRedis, users_of_the_readme
from tests.security.planted import Run
from worker.ports import Lane, QueueAway

OURS = 5  # a database where the house's worker takes nothing away
JOB = Job(
    id="77",
    request=Request(model="sd3.5-large", text_prompts=(TextPrompt(text="x"),), has_picture=False),
    seed=1,
    requester=Requester(id=1, name="Ada"),
    place=Place(guild=1, channel=2, message=3),
    accepted_at=0,
)


def need_tls(server: LockedRedis) -> None:
    if server.tls_port is None:
        pytest.skip(TLS_MISSING)


def bots(url: str, catalogue: Catalogue) -> RedisQueue:
    return RedisQueue(connect(url), catalogue=catalogue, ticket=CeleryTickets().write)


def test_bot_and_worker_with_their_own_users_answer_everything(run: Run) -> None:
    assert set(run.answers) == {
        *("slow", "hostile", "filtered", "validation", "garbage", "drop-once", "faulty", "locked out")
    }
    run.house.check()


def test_nothing_that_they_do_is_denied(run: Run) -> None:
    unneeded = {"client|setinfo", "client|maint_notifications", "client"}
    assert [entry for entry in run.denied if entry["object"].lower() not in unneeded] == []


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
def test_neither_user_may_do_more(locked_redis: LockedRedis, user: str, command: tuple[str, ...]) -> None:
    with (
        redis.Redis.from_url(locked_redis.url(user)) as client,
        pytest.raises((NoPermissionError, redis.ResponseError), match=r"(?i)permission|can't access"),
    ):
        client.execute_command(*command)


def test_the_readme_has_a_user_for_each_half() -> None:
    assert set(users_of_the_readme()) == set(PASSWORDS)


@pytest.mark.parametrize("kind", ["TLS", "plain", "password alone"])
async def test_what_the_bot_takes_on_the_worker_claims(
    locked_redis: LockedRedis, catalogue: Catalogue, kind: str
) -> None:
    def url(user: str) -> str:
        if kind == "password alone":
            return f"redis://:{ADMIN}@127.0.0.1:{locked_redis.server.port}/{OURS}"
        return locked_redis.url(user, database=OURS) if kind == "TLS" else locked_redis.plain_url(user, database=OURS)

    if kind == "TLS":
        need_tls(locked_redis)
    job = JOB.model_copy(update={"id": f"77{len(kind)}", "requester": Requester(id=len(kind), name="Ada")})
    queue = bots(url("pentimento-bot"), catalogue)
    await queue.start()
    assert await queue.accept(job, None)
    await queue.close()
    with locked_redis.admin(OURS) as admin:
        ticket = admin.rpop(ticket_list(GENERATE))

    client = worker_side.connect(url("pentimento-worker"))
    workers = worker_side.RedisQueue(client, lambda _: None)
    claim = workers.claim(Lane.GENERATE)
    client.close()

    assert ticket is not None
    assert claim is not None
    assert claim.job == job


@pytest.mark.parametrize("wrong", [{"password": "wr0ng-password"}, {"authority": False}])
async def test_a_wrong_password_or_authority_is_refused_in_words_without_it(
    locked_redis: LockedRedis, catalogue: Catalogue, wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    if "authority" in wrong:
        need_tls(locked_redis)
    queue = bots(locked_redis.url("pentimento-bot", **wrong), catalogue)
    with pytest.raises((Refused, Unheard)) as refused:
        await queue.accept(JOB, None)
    await queue.close()
    client = worker_side.connect(locked_redis.url("pentimento-worker", **wrong))
    with pytest.raises(QueueAway) as away:
        worker_side.RedisQueue(client, lambda _: None).claim(Lane.GENERATE)
    client.close()

    if isinstance(refused.value, Refused):
        assert [p.code for p in refused.value.problems] == ["queue_unreachable"]
    assert isinstance(refused.value, Refused) == ("password" in wrong)
    said = caplog.text + str(away.value)
    assert not [secret for secret in ("wr0ng-password", *PASSWORDS.values()) if secret in said]


async def test_the_bots_user_may_keep_what_a_form_is_about(locked_redis: LockedRedis) -> None:
    client = connect(locked_redis.url("pentimento-bot", database=OURS))
    drafts, draft = RedisDrafts(client), Draft(1, (Source("https://cdn.discordapp.com/a.png?ex=1", 4, "a.png"),), "77")

    await drafts.draft("88", draft)
    again, other = await drafts.drafted("88"), await drafts.drafted("89")
    await client.aclose()

    assert (again, other) == (draft, None)


async def test_a_draft_that_cannot_be_kept_is_refused_in_words(locked_redis: LockedRedis) -> None:
    client = connect(locked_redis.url("pentimento-bot", password="wr0ng-password"))

    with pytest.raises(Refused) as refused:
        await RedisDrafts(client).drafted("88")
    await client.aclose()

    assert [p.code for p in refused.value.problems] == ["queue_away"]


def test_without_a_password_nothing_is_answered(locked_redis: LockedRedis) -> None:
    with (
        redis.Redis(port=locked_redis.server.port) as client,
        pytest.raises((NoConnection, redis.AuthenticationError)),
    ):
        client.ping()
