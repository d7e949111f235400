"""The jobs on which moderators act."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModeratedJob:
    """A job, or an exploration, of a guild; `locale` is that of its author, who is None if unknown."""

    id: str
    guild_id: int
    author_id: int | None
    locale: str = ""
