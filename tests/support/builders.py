"""Jobs to record, a clock to set, and the rows of a table."""

from typing import Any

from sqlalchemy import Table, create_engine, select
from sqlalchemy.pool import NullPool

from bot.domain.images import RemoteImage
from bot.domain.status import JobStatus, QueueState
from bot.storage.engine import parse_database_url
from shared.job import Job, Origin, Requester
from shared.outcome import Generated, Outcome
from shared.prompts import TextPrompt
from shared.request.model import Request

NOON = 1_800_000_000.0
EXPIRES_AT = int(NOON) + 86400
SOURCE = RemoteImage(f"https://cdn.discordapp.com/attachments/1/2/me.png?ex={EXPIRES_AT:x}&is=6&hm=signature", 4)
GENERATED = Generated(seed=7, media_type="image/png", width=64, height=64, duration_seconds=2.5)


class Clock:
    """Unix seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def make_job(number: int, *, has_picture: bool = True, in_place: bool = False, at: float = NOON) -> Job:
    return Job(
        id=str(1_300_000_000_000_000_000 + number),
        request=Request(model="sd3.5-large", text_prompts=(TextPrompt(text="a castle"),), has_picture=has_picture),
        seed=4_294_967_294,
        requester=Requester(id=9_007_199_254_740_993, name="Ada"),
        origin=Origin(guild_id=1, channel_id=2, message_id=1_300_000_000_000_000_000 + number, is_in_thread=in_place),
        accepted_at=at,
    )


ADA_ID: int = make_job(0).requester.id
BEN_ID = 43


def make_job_by(number: int, *, prompt: str = "a castle", user_id: int = ADA_ID, model: str = "", **origin: Any) -> Job:
    """Make a job from text alone, accepted `number` seconds after noon."""
    job = make_job(number, has_picture=False, at=NOON + number)
    request = job.request.model_copy(update={"text_prompts": (TextPrompt(text=prompt),)})
    return job.model_copy(
        update={
            "request": request.model_copy(update={"model": model or request.model}),
            "requester": job.requester.model_copy(update={"id": user_id}),
            "origin": job.origin.model_copy(update=origin),
        }
    )


def make_finished_status(
    job: Job, outcome: Outcome | None = GENERATED, *, since: float = NOON + 9, **counts: Any
) -> JobStatus:
    return JobStatus(job, QueueState.FINISHED, 0, 0, since, None, outcome, **counts)


def read_rows(url: str, table: Table) -> list[dict[str, Any]]:
    """Read all rows of a table."""
    engine = create_engine(parse_database_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(select(table))]
    finally:
        engine.dispose()
