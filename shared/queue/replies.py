"""Replies of the scripts: lists of names and values, which the head of each script documents."""

from collections.abc import Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class ScriptReply(BaseModel):
    """Base of the replies, each of which declares the names that its script returns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def parse(cls, reply: Sequence[Any]) -> Self:
        """Parse the list of names and values that redis-py returns. Raises `pydantic.ValidationError`."""
        return cls.model_validate({name.decode(): value for name, value in zip(reply[::2], reply[1::2], strict=True)})
