"""The interactions with which something can still be shown to their users alone."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from bot.delivery.private_notices import PICTURE_PROBLEM_CODES
from bot.interactions import followups
from bot.interactions.followups import FOLLOWUP_SECONDS, RecentFollowups
from shared.problems import ACTORS

HTTP = SimpleNamespace(_HTTPClient__session=None, proxy=None, proxy_auth=None, token=None)
CLIENT: Any = SimpleNamespace(application_id=7, _connection=SimpleNamespace(http=HTTP))


class FakeFollowupStore:
    """A `FollowupStore` in memory."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}

    async def save_token(self, job_ids: Iterable[str], token: str, ttl_seconds: float) -> None:
        assert ttl_seconds == FOLLOWUP_SECONDS
        self.tokens |= dict.fromkeys(job_ids, token)

    async def load_token(self, job_id: str) -> str | None:
        return self.tokens.get(job_id)


def make_interaction(name: str) -> Any:
    return SimpleNamespace(followup=name)


async def test_a_job_finds_the_interaction_that_submitted_it_until_its_token_expires() -> None:
    now = [1000.0]
    recent = RecentFollowups(clock=lambda: now[0])
    recent.remember(make_interaction("explore"), ["1-01", "1-02"])
    now[0] += 60
    recent.remember(make_interaction("imagine"), ["2"])

    found = [await recent.find(CLIENT, job_id) for job_id in ("1-01", "1-02", "2", "3")]
    now[0] += FOLLOWUP_SECONDS - 60
    later = [await recent.find(CLIENT, job_id) is not None for job_id in ("1-01", "2")]

    assert [followup and str(followup.webhook) for followup in found] == ["explore", "explore", "imagine", None]
    assert found[0] is found[1]
    assert later == [False, True]


async def test_the_oldest_interactions_are_forgotten(monkeypatch: Any) -> None:
    monkeypatch.setattr(followups, "MAX_JOBS", 2)
    now = [1000.0]
    recent = RecentFollowups(clock=lambda: now[0])
    for number in range(3):
        recent.remember(make_interaction(str(number)), [str(number)])
    assert [await recent.find(CLIENT, str(number)) is not None for number in range(3)] == [False, True, True]

    now[0] += FOLLOWUP_SECONDS
    recent.remember(make_interaction("3"), [])
    assert len(recent._followups) == 0


async def test_another_process_finds_the_interaction_of_jobs_by_its_token() -> None:
    store = FakeFollowupStore()
    await RecentFollowups(store).share(SimpleNamespace(token="secret"), ["1-01", "1-02"])  # type: ignore[arg-type]
    other = RecentFollowups(store)

    first, second = await other.find(CLIENT, "1-01"), await other.find(CLIENT, "1-02")

    assert first is not None
    assert (first.webhook.id, first.webhook.token, first.webhook.type.name) == (7, "secret", "application")
    assert second is first
    assert await other.find(CLIENT, "2") is None


def test_every_problem_of_a_picture_has_a_sentence() -> None:
    assert ACTORS.keys() >= PICTURE_PROBLEM_CODES
