"""Owners of what people save under a name: presets and style sets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Owner:
    """The server where `guild_id` is set (`user_id` then saved it), else the person."""

    user_id: int
    guild_id: int = 0
