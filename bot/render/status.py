"""The one message under a command that says where its job stands."""

from typing import Final

from bot.phrases import Phrases
from bot.ports import Standing, State
from shared.catalogue import Model
from shared.job import Job
from shared.outcome import Failed, Outcome

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE


def status_text(standing: Standing, phrases: Phrases, model: Model | None) -> str:
    """Say where a job stands. Times of the past are Discord's timestamps, which the reader's client keeps counting."""
    if standing.state is State.PREPARING:
        return preparing_text(standing.job, phrases)
    return _begun(standing.job, _stands(standing, phrases, model), phrases)


def preparing_text(job: Job, phrases: Phrases) -> str:
    """Say that a job was taken on, and from which of the thread's pictures it starts if it came with none."""
    key = "status.preparing_picture" if job.request.has_picture else "status.preparing_words"
    return _begun(job, phrases.say(key), phrases)


def _begun(job: Job, text: str, phrases: Phrases) -> str:
    return text if job.start is None else f"{phrases.say(f'status.from_{job.start}')}\n{text}"


def _stands(standing: Standing, phrases: Phrases, model: Model | None) -> str:
    request = standing.job.request
    if standing.state is State.WAITING:
        key = {0: "status.held", 1: "status.next"}.get(standing.position, "status.waiting")
        return phrases.say(key, position=standing.position, estimate=rounded(standing.estimate, phrases))
    if standing.state is State.RUNNING:
        since = f"<t:{int(standing.since)}:R>"
        if model is None:
            return phrases.say("status.running_unknown", model=request.model, since=since)
        typical = rounded(standing.typical, phrases)
        return phrases.say(f"status.running_{model.task}", model=model.name, since=since, typical=typical)
    return phrases.say("status.finished")


def answered_text(outcome: Outcome, phrases: Phrases, link: str | None, *, private: bool = False) -> str:
    """Say how a job ended and where its answer is: a link to the message, a direct message, or (None) nowhere."""
    where = phrases.say("status.private") if private else link or phrases.say("status.nowhere")
    cancelled = isinstance(outcome, Failed) and outcome.cancelled
    return phrases.say("status.cancelled" if cancelled else f"status.{outcome.kind}", where=where)


def rounded(seconds: float, phrases: Phrases) -> str:
    """Say a duration as roughly as it is known: tens of seconds, then minutes, then hours."""
    if seconds < 10:  # noqa: PLR2004 - below the first ten there is nothing left to round to
        return phrases.say("status.moments")
    if seconds < 1.5 * _MINUTE:
        return phrases.say("status.seconds", count=round(seconds / 10) * 10)
    if seconds < 1.5 * _HOUR:
        return phrases.say("status.minutes", count=round(seconds / _MINUTE))
    return phrases.say("status.hours", count=round(seconds / _HOUR))
