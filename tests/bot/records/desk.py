"""Jobs to write down, a clock to set, and a look into the tables."""

from typing import Any

from sqlalchemy import Table, create_engine, select
from sqlalchemy.pool import NullPool

from bot.ports import Source, Standing, State
from bot.records.database import address
from shared.job import Job, Place, Requester
from shared.outcome import Generated, Outcome
from shared.prompts import TextPrompt
from shared.request import Request

NOON = 1_800_000_000.0
EXPIRES = int(NOON) + 86400
SOURCE = Source(f"https://cdn.discordapp.com/attachments/1/2/me.png?ex={EXPIRES:x}&is=6&hm=signature", 4)
MADE = Generated(seed=7, media_type="image/png", width=64, height=64, seconds=2.5)


class Clock:
    """Unix seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def job(number: int, *, has_picture: bool = True, in_place: bool = False, at: float = NOON) -> Job:
    return Job(
        id=str(1_300_000_000_000_000_000 + number),
        request=Request(model="sd3.5-large", text_prompts=(TextPrompt(text="a castle"),), has_picture=has_picture),
        seed=4_294_967_294,
        requester=Requester(id=9_007_199_254_740_993, name="Ada"),
        place=Place(guild=1, channel=2, message=1_300_000_000_000_000_000 + number, in_place=in_place),
        accepted_at=at,
    )


def finished(job: Job, outcome: Outcome | None = MADE, *, since: float = NOON + 9, **counts: int) -> Standing:
    return Standing(job, State.FINISHED, 0, 0, since, None, outcome, **counts)


def rows(url: str, table: Table) -> list[dict[str, Any]]:
    """Everything that stands in a table."""
    engine = create_engine(address(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(select(table))]
    finally:
        engine.dispose()
