"""The custom ids of panels, forms and ballots, which only the member who opened them sees.

That of a ballot says which vote and which choice it asks for; the entry that is chosen is the value of its select.
"""

from dataclasses import dataclass
from typing import Final

from bot.domain.rounds import Phase
from bot.features.rounds.choices import CHOICES
from bot.interactions.custom_ids import DRAFT_ID, JOB_ID, CustomId
from bot.rounds.custom_ids import CONTEST_ID, ROUND_NUMBER

NO_JOB: Final = "0"
SETTING_FIELDS: Final = (*CHOICES, "models", "role", "forum")
_VOTE: Final = rf"{CONTEST_ID}:(?P<phase>voting|runoff):{ROUND_NUMBER}"
_PAGE: Final = r"(?P<page>\d{1,3})"


@dataclass(frozen=True)
class ContestSettingId(CustomId, template=f"round_setting:(?P<field>{'|'.join(SETTING_FIELDS)}):{DRAFT_ID}"):
    """A select of the panel before a contest starts."""

    field: str
    draft_id: str


@dataclass(frozen=True)
class FixedOptionsId(CustomId, template=f"round_options:{DRAFT_ID}"):
    """Opens the form of the options that every entry has."""

    draft_id: str


@dataclass(frozen=True)
class FixedOptionsFormId(CustomId, template=f"round_options_form:{DRAFT_ID}"):
    """The form of the options that every entry has."""

    draft_id: str


@dataclass(frozen=True)
class StartContestId(CustomId, template=f"round_start:{DRAFT_ID}"):
    """Starts the contest of a panel, whose id becomes that of the contest."""

    draft_id: str


@dataclass(frozen=True)
class EntryFormId(CustomId, template=rf"round_entry:{CONTEST_ID}:{ROUND_NUMBER}:(?P<turn_number>\d{{1,5}}):{JOB_ID}"):
    """The form of an entry for one round or turn, which takes the place of another entry unless that is `NO_JOB`."""

    contest_id: str
    round_number: int
    turn_number: int
    job_id: str


@dataclass(frozen=True)
class ReopenEntryId(CustomId, template=f"round_reopen:{CONTEST_ID}:{DRAFT_ID}:{JOB_ID}"):
    """Opens a form that was rejected again."""

    contest_id: str
    draft_id: str
    job_id: str


@dataclass(frozen=True)
class ChangeEntryId(CustomId, template=f"round_change:{CONTEST_ID}:{JOB_ID}"):
    """Opens the form of an entry that takes the place of this one."""

    contest_id: str
    job_id: str


@dataclass(frozen=True)
class WithdrawEntryId(CustomId, template=f"round_withdraw:{CONTEST_ID}:{JOB_ID}"):
    """Takes an entry back."""

    contest_id: str
    job_id: str


@dataclass(frozen=True)
class BallotChoiceId(CustomId, template=rf"round_choice:{_VOTE}:(?P<rank>[1-3]):{_PAGE}"):
    """The select of a member's first, second or third choice, on a page of the entries."""

    contest_id: str
    phase: Phase
    round_number: int
    rank: int
    page: int


@dataclass(frozen=True)
class BallotPageId(CustomId, template=f"round_ballot:{CONTEST_ID}:{_PAGE}"):
    """Shows a page of the entries."""

    contest_id: str
    page: int


@dataclass(frozen=True)
class ClearBallotId(CustomId, template=f"round_clear:{CONTEST_ID}"):
    """Takes the member's ballot back."""

    contest_id: str
