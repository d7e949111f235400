"""Contests of pictures, in one or several rounds: their settings, entries, participants and messages.

An open call has rounds of two parts: members enter pictures, then vote. In a relay, the participants take turns, each
starting from the last picture; a round is one turn of each. `bot.domain.round_phases` says what follows on what.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

MAX_ROUNDS: Final = 10
MAX_ENTRIES_PER_MEMBER: Final = 5
MAX_CHOICES: Final = 3
MIN_PHASE_SECONDS: Final = 60
MAX_PHASE_SECONDS: Final = 14 * 86400


class ContestFormat(StrEnum):
    """Whether everybody enters at the same time, or one after the other."""

    OPEN_CALL = "open_call"
    RELAY = "relay"


class TieRule(StrEnum):
    """What follows when several entries have the most points: all win, a second vote, or a moderator's decision."""

    SHARED = "shared"
    RUNOFF = "runoff"
    MODERATOR = "moderator"


class Payer(StrEnum):
    """Whose budgets an entry is charged to: those of its author, or only those of the server and the channel."""

    AUTHOR = "author"
    SERVER = "server"


class TurnOrder(StrEnum):
    """The order of a relay's participants: drawn by lot when it starts, or as they joined."""

    DRAWN = "drawn"
    JOINED = "joined"


class Phase(StrEnum):
    """What a contest waits for. Only ENDED has no deadline.

    ENTERING: entries or, before a relay, participants. CLOSING: the jobs of entries that are still running.
    VOTING and RUNOFF: ballots. DECIDING: a moderator. TURN: the entry of the participant whose turn it is.
    """

    ENTERING = "entering"
    CLOSING = "closing"
    VOTING = "voting"
    RUNOFF = "runoff"
    DECIDING = "deciding"
    TURN = "turn"
    ENDED = "ended"


VOTING_PHASES: Final = frozenset({Phase.VOTING, Phase.RUNOFF})


class EndReason(StrEnum):
    """Why a contest has ended."""

    FINISHED = "finished"
    NO_ENTRIES = "no_entries"
    CANCELLED = "cancelled"
    CHANNEL_GONE = "channel_gone"


class EntryState(StrEnum):
    """The state of an entry; only ENTERED ones are shown, voted on and counted."""

    PENDING = "pending"
    ENTERED = "entered"
    WITHDRAWN = "withdrawn"
    DISQUALIFIED = "disqualified"
    FAILED = "failed"


ACTIVE_STATES: Final = (EntryState.PENDING, EntryState.ENTERED)
"""The states in which an entry counts towards the limits of its round, and can be taken back."""


class MessageKind(StrEnum):
    """The messages of a contest. CHANNEL_GONE goes to its host directly, all others are posted in its thread."""

    ENTERING = "entering"
    ENTRY = "entry"
    ENTRIES = "entries"
    VOTING = "voting"
    REMINDER = "reminder"
    RUNOFF = "runoff"
    DECIDING = "deciding"
    TURN = "turn"
    RESULT = "result"
    CLOSING_STRIP = "closing_strip"
    ENDED = "ended"
    CHANNEL_GONE = "channel_gone"
    CANNOT_POST = "cannot_post"


DIRECT_KINDS: Final = frozenset({MessageKind.CHANNEL_GONE, MessageKind.CANNOT_POST})
PHASE_KINDS: Final = MappingProxyType(
    {
        Phase.ENTERING: MessageKind.ENTERING,
        Phase.VOTING: MessageKind.VOTING,
        Phase.RUNOFF: MessageKind.RUNOFF,
        Phase.DECIDING: MessageKind.DECIDING,
        Phase.TURN: MessageKind.TURN,
    }
)
"""The message that tells of a phase and has its buttons."""


@dataclass(frozen=True)
class ContestSettings:
    """How a contest goes, as its host chose; nothing of it changes later.

    Durations are seconds, from `MIN_PHASE_SECONDS` to `MAX_PHASE_SECONDS`; `turn_seconds` is for a relay, the other two
    for an open call, except that members of a relay join for `entry_seconds`. `models` are keys of the catalogue, none
    allows all. `options` are options of `/imagine` that every entry has. `max_entries` limits each round and
    `max_cost`, in millionths of a dollar, all rounds together. `entrant_role_id` is the role of those who may enter.
    `needs_earlier_membership`: only members from before the start of the round may vote. `shows_entries_at_once`:
    entries are shown when entering closes, not as they come. `forum_id` is the forum in which the bot opens a post for
    the contest, None for a thread where it is started.
    """

    theme: str
    format: ContestFormat = ContestFormat.OPEN_CALL
    rounds: int = 1
    entry_seconds: int = 1800
    vote_seconds: int = 600
    turn_seconds: int = 300
    models: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    entrant_role_id: int | None = None
    payer: Payer = Payer.AUTHOR
    max_entries_per_member: int = 1
    max_entries: int | None = None
    max_cost: int | None = None
    max_choices: int = MAX_CHOICES
    tie_rule: TieRule = TieRule.SHARED
    needs_earlier_membership: bool = False
    shows_entries_at_once: bool = True
    turn_order: TurnOrder = TurnOrder.DRAWN
    forum_id: int | None = None

    @property
    def is_relay(self) -> bool:
        """Whether the participants take turns."""
        return self.format is ContestFormat.RELAY


@dataclass(frozen=True)
class Contest:
    """A contest in a thread of a channel. Times are Unix seconds.

    `id` is the interaction that started it. `thread_id` is the thread or the forum post in which it takes place,
    `locale` the language of its messages. `round_number` counts from 1. `deadline` ends the phase, and `due_at` is the
    time at which the leading bot next has something to do, None when there is nothing left. `version` counts the
    changes. The round starts from the result of `source_job_id` or, if that is None, from the upload with the hash
    `source_sha256`, or from prompts alone. In a relay, `turn_number` counts all turns from 1, and it is the turn of
    `turn_user_id`. `is_reminded`: the reminder of this phase was sent. `round_started_at` is when its entering began.
    """

    id: str
    guild_id: int
    channel_id: int
    thread_id: int
    host_id: int
    locale: str
    settings: ContestSettings
    created_at: float
    round_started_at: float
    phase: Phase = Phase.ENTERING
    round_number: int = 1
    deadline: float | None = None
    due_at: float | None = None
    version: int = 0
    source_job_id: str | None = None
    source_sha256: str | None = None
    turn_number: int = 0
    turn_user_id: int | None = None
    is_reminded: bool = False
    end_reason: EndReason | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.phase is not Phase.ENDED

    def has_time_left(self, now: float) -> bool:
        """Tell whether the deadline of its phase has not come yet."""
        return self.deadline is not None and now < self.deadline

    @property
    def has_source(self) -> bool:
        """Whether the entries of this round start from a picture."""
        return self.source_job_id is not None or self.source_sha256 is not None


@dataclass(frozen=True)
class RoundEntry:
    """An entry of a round. `author_id` is 0 after /forget-me.

    `number` is the one that everybody reads, None before it is shown; in a relay it is the number of the turn. It takes
    the place of `replaced_job_id` when its picture is there. `price` is in millionths of a dollar. `points` and
    `ballots`, the number of ballots that name it, are counted when the vote ends; before that, they are 0.
    `reason` says why it was disqualified.
    """

    job_id: str
    contest_id: str
    round_number: int
    author_id: int
    created_at: float
    state: EntryState = EntryState.PENDING
    price: int = 0
    replaced_job_id: str | None = None
    number: int | None = None
    points: int = 0
    ballots: int = 0
    is_winner: bool = False
    reason: str = ""

    @property
    def is_active(self) -> bool:
        """Whether it takes part, or will when its picture is there."""
        return self.state in ACTIVE_STATES


@dataclass(frozen=True)
class Participant:
    """A member who takes turns in a relay, in the order of `position`."""

    user_id: int
    position: int
    has_left: bool = False


@dataclass(frozen=True)
class RoundMessage:
    """A message of a contest that is to be sent once, or was sent as `message_id`.

    `sequence` numbers the messages of a contest, which are sent in this order. `page` counts from 0 where there are
    several of a kind. `user_id` is the member whose turn it is, `job_id` the entry to show. `attempt` counts how often
    it was deleted and is sent anew.
    """

    contest_id: str
    sequence: int
    kind: MessageKind
    round_number: int
    created_at: float
    page: int = 0
    user_id: int | None = None
    job_id: str | None = None
    attempt: int = 0
    message_id: int | None = None
