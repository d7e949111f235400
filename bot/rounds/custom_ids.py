"""The custom ids of the buttons under the messages of contests. They name the contest, never its state or a choice."""

from dataclasses import dataclass
from typing import Final

from bot.interactions.custom_ids import CustomId

CONTEST_ID: Final = r"(?P<contest_id>\d{1,20})"
ROUND_NUMBER: Final = r"(?P<round_number>\d{1,2})"


@dataclass(frozen=True)
class EnterRoundId(CustomId, template=f"round_enter:{CONTEST_ID}"):
    """Opens the form of an entry."""

    contest_id: str


@dataclass(frozen=True)
class VoteId(CustomId, template=f"round_vote:{CONTEST_ID}"):
    """Opens the ballot of the member who presses it."""

    contest_id: str


@dataclass(frozen=True)
class DecideTieId(CustomId, template=f"round_decide:{CONTEST_ID}:{ROUND_NUMBER}"):
    """The select in which a moderator decides a tie of a round."""

    contest_id: str
    round_number: int


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


@dataclass(frozen=True)
class DownloadContestId(CustomId, template=rf"round_download:{CONTEST_ID}:(?P<offset>\d{{1,5}})"):
    """Sends the pictures of a contest that is over as files, after the first `offset` of them."""

    contest_id: str
    offset: int
