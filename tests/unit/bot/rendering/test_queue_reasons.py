"""`/queue` says why a request waits: whose requests come before it, by number alone, and which limit holds it."""

from typing import Any

import pytest

from bot.domain.status import JobsBefore, JobStatus, QueueState
from bot.rendering.queue_reasons import format_reasons
from shared.i18n.messages import Messages
from shared.job import BatchRef, Job, Priority, TeamRef
from tests.support.views import CATALOGUE, EN, FR, ORIGIN, make_job, make_request

POSTERS = TeamRef(id=9, name="*Posters*")


def make_jobs(count: int, user: int, **fields: Any) -> list[Job]:
    return [make_job(make_request(), user).model_copy(update=fields)] * count


def format_reason(before: JobsBefore, messages: Messages = EN, *, job: Job | None = None, **fields: Any) -> str:
    [own] = make_jobs(1, 42)
    status = JobStatus(job or own, QueueState.QUEUED, before.count + 1, 60.0, 0.0, None, None, **fields)
    return format_reasons(status, before, CATALOGUE, messages)


BEFORE = JobsBefore(
    12,
    [
        *make_jobs(1, 42),
        *make_jobs(2, 42, batch=BatchRef(batch_id="50", item_number=1)),
        *make_jobs(3, 7, team=POSTERS, batch=BatchRef(batch_id="60", item_number=1)),
        *make_jobs(4, 7, team=TeamRef(id=8, name="Secret"), origin=ORIGIN.model_copy(update={"guild_id": 5})),
        *make_jobs(2, 8),
    ],
)


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        (EN, "Before it: 1 of yours, 2 from your batch, 3 for the team \\*Posters\\*, 6 from other people."),
        (
            FR,
            "Avant elle\u00a0: 1 des tiennes, 2 de ton lot, 3 pour l'équipe \\*Posters\\*, 6 d'autres personnes.",
        ),
    ],
    ids=["en", "fr"],
)
def test_it_is_told_whose_requests_come_before_and_no_team_of_another_server(messages: Messages, text: str) -> None:
    assert format_reason(BEFORE, messages) == text


def test_of_very_many_requests_the_first_ones_are_told() -> None:
    before = JobsBefore(120, make_jobs(1, 8))

    assert format_reason(before) == "The first 1 of 120 before it: 1 from another person."


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"limiting_scope": "user"}, "As many of your requests are running as may at once:"),
        ({"limiting_scope": "batch"}, "As many items of its batch are running as may at once:"),
        ({"limiting_scope": "channel"}, "As many requests from its channel are running as may at once:"),
        ({"limiting_scope": "guild"}, "As many requests from its server are running as may at once:"),
        ({"is_model_slowed": True}, "SDXL 1.0 is being asked too often right now,"),
        ({"job": make_jobs(1, 42, priority=Priority.LOW)[0]}, "It has low priority:"),
        ({"is_model_paused": True}, ""),  # the status says so
        ({}, ""),
    ],
    ids=["user", "batch", "channel", "guild", "slowed", "low", "paused", "nothing"],
)
def test_a_limit_a_slowed_model_and_a_low_priority_are_told(fields: dict[str, Any], text: str) -> None:
    reason = format_reason(JobsBefore(0, []), **fields)

    assert reason.startswith(text)
    assert bool(reason) == bool(text)
