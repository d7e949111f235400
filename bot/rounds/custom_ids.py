"""The custom ids of the buttons under the messages of contests. They name the contest, never its state or a choice."""

from dataclasses import dataclass
from typing import Final

from bot.interactions.custom_ids import CustomId

CONTEST_ID: Final = r"(?P<contest_id>\d{1,20})"


@dataclass(frozen=True)
class JoinRelayId(CustomId, template=f"round_join:{CONTEST_ID}"):
    """Lets a member take turns."""

    contest_id: str


@dataclass(frozen=True)
class LeaveRelayId(CustomId, template=f"round_leave:{CONTEST_ID}"):
    """Lets a member take no more turns."""

    contest_id: str


@dataclass(frozen=True)
class RemindId(CustomId, template=f"round_remind:{CONTEST_ID}"):
    """Asks for reminders, or for none."""

    contest_id: str
