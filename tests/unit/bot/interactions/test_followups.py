"""The interactions with which something can still be shown to their users alone."""

from types import SimpleNamespace
from typing import Any

from bot.delivery.private_notices import PICTURE_PROBLEM_CODES
from bot.interactions import followups
from bot.interactions.followups import FOLLOWUP_SECONDS, RecentFollowups
from shared.problems import ACTORS


def make_interaction(name: str) -> Any:
    return SimpleNamespace(followup=name)


def test_a_job_finds_the_interaction_that_submitted_it_until_its_token_expires() -> None:
    now = [1000.0]
    recent = RecentFollowups(clock=lambda: now[0])
    recent.remember(make_interaction("explore"), ["1-01", "1-02"])
    now[0] += 60
    recent.remember(make_interaction("imagine"), ["2"])

    found = [recent.find(job_id) for job_id in ("1-01", "1-02", "2", "3")]
    now[0] += FOLLOWUP_SECONDS - 60
    later = [recent.find(job_id) is not None for job_id in ("1-01", "2")]

    assert [followup and str(followup.webhook) for followup in found] == ["explore", "explore", "imagine", None]
    assert found[0] is found[1]
    assert later == [False, True]


def test_the_oldest_interactions_are_forgotten(monkeypatch: Any) -> None:
    monkeypatch.setattr(followups, "MAX_JOBS", 2)
    now = [1000.0]
    recent = RecentFollowups(clock=lambda: now[0])
    for number in range(3):
        recent.remember(make_interaction(str(number)), [str(number)])
    assert [recent.find(str(number)) is not None for number in range(3)] == [False, True, True]

    now[0] += FOLLOWUP_SECONDS
    recent.remember(make_interaction("3"), [])
    assert len(recent._followups) == 0


def test_every_problem_of_a_picture_has_a_sentence() -> None:
    assert ACTORS.keys() >= PICTURE_PROBLEM_CODES
