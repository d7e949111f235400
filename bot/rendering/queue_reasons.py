"""Why a job waits: whose jobs run before it, and the limits that hold it."""

from collections import Counter
from typing import Final

from bot.domain.status import JobsBefore, JobStatus
from bot.rendering.markdown import escape_markdown
from bot.rendering.status_text import format_obstacle
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages
from shared.job import Job, Priority

_TEAM_NAME_LIMIT: Final = 50
_MAX_TEAMS: Final = 3


def format_reasons(status: JobStatus, before: JobsBefore, catalogue: Catalogue, messages: Messages) -> str:
    """Say to its requester why a job that is queued waits; empty if nothing but its call has to be waited for.

    Of other people only the number is told. A team is named to members of its server, where everybody sees the role.
    """
    model = catalogue.models.get(status.job.request.model)
    if format_obstacle(status, messages, model):
        return ""
    sentences = [_format_jobs_before(status.job, before, messages)]
    if status.job.priority is Priority.LOW:
        sentences.append(messages.text("queue.low"))
    if status.limiting_scope:
        sentences.append(messages.text(f"queue.limit_{status.limiting_scope}"))
    if status.is_model_slowed:
        name = escape_markdown(model.name if model else status.job.request.model, _TEAM_NAME_LIMIT)
        sentences.append(messages.text("queue.slowed", model=name))
    return " ".join(filter(None, sentences))


def _format_jobs_before(job: Job, before: JobsBefore, messages: Messages) -> str:
    if not before.jobs:
        return ""
    counts, team_counts = Counter[str](), Counter[str]()
    for other in before.jobs:
        if other.requester.id == job.requester.id:
            counts["own" if other.batch is None else "own_batch"] += 1
        elif other.team is not None and other.origin.guild_id == job.origin.guild_id:
            team_counts[other.team.name] += 1
        else:
            counts["others"] += 1
    named = team_counts.most_common(_MAX_TEAMS)
    counts["others"] += team_counts.total() - sum(count for _, count in named)
    parts = [
        messages.text(f"queue.before_{whose}", count=counts[whose]) for whose in ("own", "own_batch") if counts[whose]
    ]
    parts += [
        messages.text("queue.before_team", count=count, team=escape_markdown(name, _TEAM_NAME_LIMIT))
        for name, count in named
    ]
    if counts["others"]:
        parts.append(messages.text("queue.before_others", count=counts["others"]))
    if before.count > len(before.jobs):
        return messages.text("queue.before_first", seen=len(before.jobs), count=before.count, parts=", ".join(parts))
    return messages.text("queue.before", parts=", ".join(parts))
