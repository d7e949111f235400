"""The text of a status message, which says how far a job is."""

from typing import Final

from bot.domain.status import JobStatus, QueueState
from bot.rendering.layout import format_source_owner, format_team
from bot.rendering.markdown import escape_markdown, format_request_prompt
from shared.catalogue import Model
from shared.i18n.messages import Messages
from shared.job import Job
from shared.outcome import Failed, Generated, Outcome

_PROMPT_LIMIT: Final = 100
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def format_status(status: JobStatus, messages: Messages, model: Model | None) -> str:
    """Say how far a job is. Times in the past are Discord timestamps, which the reader's client keeps up to date."""
    obstacle = format_obstacle(status, messages, model)
    if status.state is QueueState.PREPARING and not obstacle:
        return format_preparing_status(status.job, messages)
    return _prepend_source(status.job, obstacle or _format_state(status, messages, model), messages)


def format_obstacle(status: JobStatus, messages: Messages, model: Model | None) -> str:
    """Say why a job does not start even at the front of the queue: its server or its model is paused, or no worker.

    Empty if nothing keeps it.
    """
    if status.is_guild_paused:
        return messages.text("status.guild_paused")
    if status.waits_without_worker:
        return messages.text("status.no_worker")
    if status.state is QueueState.QUEUED and status.is_model_paused:
        return messages.text("status.model_paused", model=model.name if model else status.job.request.model)
    return ""


def format_preparing_status(job: Job, messages: Messages) -> str:
    """Say that a job was accepted, and from which picture of the thread it starts if none was attached."""
    key = "status.preparing_picture" if job.request.has_picture else "status.preparing_words"
    return _prepend_source(job, messages.text(key), messages)


def format_outcome_status(
    job: Job, outcome: Outcome, messages: Messages, link: str | None, *, is_private: bool = False
) -> str:
    """Say how a job ended and where its result is: at `link`, in a direct message or, without either, nowhere.

    Only a picture is named by its prompt, and its requester with it: others read this.
    """
    where = messages.text("status.private") if is_private else messages.text("status.nowhere")
    if isinstance(outcome, Generated):
        prompt = escape_markdown(format_request_prompt(job.request), _PROMPT_LIMIT)
        words = messages.text("language.quoted", words=prompt) if prompt else messages.text("status.picture")
        if link is not None and not is_private:
            where = f"[{words}]({link}) · <@{job.requester.id}>"
    elif link is not None and not is_private:
        where = f"[{messages.text('status.reason')}]({link})"
    is_cancelled = isinstance(outcome, Failed) and outcome.is_cancelled
    return messages.text("status.cancelled" if is_cancelled else f"status.{outcome.kind}", where=where)


def format_duration(seconds: float, messages: Messages) -> str:
    """Format an estimated duration as people say it: rounded to tens of seconds, minutes, hours or days."""
    if seconds < 10:  # noqa: PLR2004 - would be rounded to 0 or 10 seconds
        return messages.text("status.moments")
    if seconds < 0.9 * _MINUTE:
        return messages.text("status.seconds", count=round(seconds / 10) * 10)
    for unit, length, limit in (("minutes", _MINUTE, 0.9 * _HOUR), ("hours", _HOUR, 0.9 * _DAY)):
        if seconds < limit:
            return messages.text(f"status.{unit}", count=max(1, round(seconds / length)))
    return messages.text("status.days", count=max(1, round(seconds / _DAY)))


def _prepend_source(job: Job, text: str, messages: Messages) -> str:
    lines = [text]
    if job.source_owner_id is not None:
        lines.insert(0, f"-# {format_source_owner(job.source_owner_id, messages)}")
    if job.team is not None:
        lines.insert(0, f"-# {format_team(job.team, messages)}")
    if job.source_kind is not None:
        lines.insert(0, messages.text(f"status.from_{job.source_kind}"))
    return "\n".join(lines)


def _format_state(status: JobStatus, messages: Messages, model: Model | None) -> str:
    request = status.job.request
    if status.state is QueueState.QUEUED:
        key = {0: "status.waiting_for_slot", 1: "status.next"}.get(status.position, "status.queued")
        estimate = format_duration(status.estimated_seconds, messages)
        return messages.text(key, position=status.position, estimate=estimate)
    if status.state is QueueState.RUNNING:
        since = f"<t:{int(status.state_since)}:R>"
        if model is None:
            return messages.text("status.running_unknown", model=request.model, since=since)
        typical = format_duration(status.typical_seconds, messages)
        return messages.text(f"status.running_{model.task}", model=model.name, since=since, typical=typical)
    return messages.text("status.finished")
