"""Batches: many pictures that are requested, approved, generated and reviewed together."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from bot.domain.budgets import Spender
from shared.job import Priority, Requester, TeamRef
from shared.outcome import Failed, Filtered, Generated, Outcome
from shared.problems import Problem, make_problem
from shared.request.model import Request

MAX_ITEMS: Final = 500
"""The most items of a batch; their numbers have three digits."""

SHEET_SIZE: Final = 9
"""The items of a sheet."""


class BatchState(StrEnum):
    """The state of a batch, by whom or which event it waits for. REJECTED, EXPIRED, CANCELLED and DONE are final.

    DRAFT: the requester looks at its preview. AWAITING_APPROVAL: an approver. CHANGES_REQUESTED: the requester, to send
    it again. RUNNING: its jobs. PAUSED: somebody to resume it. CANCELLING: the jobs that were open when the rest was
    cancelled. REVIEW: reviewers, as nothing is left to run. Only a DONE batch can run again, for another try of items.
    """

    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"
    EXPIRED = "expired"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    REVIEW = "review"
    DONE = "done"
    CANCELLED = "cancelled"


DRAFT_STATES: Final = frozenset({BatchState.DRAFT, BatchState.CHANGES_REQUESTED})
"""The states in which its requester may change a batch, and send it again."""

FINAL_STATES: Final = frozenset({BatchState.REJECTED, BatchState.EXPIRED, BatchState.CANCELLED, BatchState.DONE})
RUN_STATES: Final = frozenset({BatchState.RUNNING, BatchState.PAUSED, BatchState.CANCELLING})
"""The states in which items are open, or to be started."""

RESTARTABLE_STATES: Final = frozenset({BatchState.RUNNING, BatchState.PAUSED, BatchState.REVIEW, BatchState.DONE})
"""The states in which items can be made once more."""


class ItemState(StrEnum):
    """The state of an item. PENDING: it has no job yet. QUEUED: its job is open. The others are final."""

    PENDING = "pending"
    QUEUED = "queued"
    GENERATED = "generated"
    FILTERED = "filtered"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_ITEM_STATES: Final = frozenset({ItemState.PENDING, ItemState.QUEUED})


class Review(StrEnum):
    """The decision of reviewers on the picture of an item."""

    UNDECIDED = "undecided"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class ApprovalDecision(StrEnum):
    """The decision of an approver on a batch. CHANGES: its requester is to send it again, changed."""

    APPROVE = "approve"
    CHANGES = "changes"
    REJECT = "reject"


@dataclass(frozen=True)
class BatchPlace:
    """Where the messages of a batch are: its board in a channel, its sheets in a thread under the board or a post.

    None: not posted yet.
    """

    guild_id: int
    channel_id: int
    board_message_id: int | None = None
    thread_id: int | None = None


@dataclass(frozen=True)
class Brief:
    """The purpose of a batch. `due_on` is a date as in ISO 8601; it is shown, and nothing follows from it."""

    title: str
    text: str = ""
    due_on: str | None = None
    assignee_id: int | None = None


@dataclass(frozen=True)
class BatchItem:
    """An item of a batch, the picture of one job. `number` counts from 1, `row_number` is its row in the table.

    `name` is the name of the file that is made, without its ending. `image_sha256` is the hash of the picture that it
    starts from, None if it starts from words. `job_id` is the job of its latest attempt, whose price was reserved when
    it became PENDING. `price` is the price of an attempt, `cost` what all of its attempts cost, in millionths of a
    dollar. `seed` is the one that the model returned.
    """

    number: int
    row_number: int
    name: str
    request: Request
    image_sha256: str | None
    job_id: str
    state: ItemState = ItemState.PENDING
    attempt: int = 1
    note: str = ""
    seed: int | None = None
    problem: Problem | None = None
    price: int = 0
    cost: int = 0
    review: Review = Review.UNDECIDED
    reviewer_id: int | None = None
    review_note: str = ""


@dataclass(frozen=True)
class ItemEnd:
    """The end of an attempt of an item: its state, the seed that the model returned, or why there is no picture."""

    state: ItemState
    seed: int | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Batch:
    """A batch without its items. Times are Unix seconds, amounts millionths of a dollar.

    `spender` is on whose account it goes. `due_at` is when the leading bot next has something to do; None: nothing.
    `version` is raised by each change. `idempotency_key` is that of a batch from the command line.
    """

    id: str
    requester: Requester
    spender: Spender
    place: BatchPlace
    brief: Brief
    state: BatchState
    created_at: float
    team: TeamRef | None = None
    priority: Priority = Priority.NORMAL
    pings: bool = False
    file_pattern: str = "{name}-{seed}"
    approver_id: int | None = None
    approval_note: str = ""
    approval_message_id: int | None = None
    started_at: float | None = None
    ended_at: float | None = None
    due_at: float | None = None
    version: int = 0
    idempotency_key: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state in FINAL_STATES


@dataclass(frozen=True)
class BatchCounts:
    """How many items of a batch are in each state, how many pictures have each review, and their cost.

    `spent` and `reserved` are millionths of a dollar.
    """

    by_state: dict[ItemState, int] = field(default_factory=dict)
    by_review: dict[Review, int] = field(default_factory=dict)
    spent: int = 0
    reserved: int = 0

    @property
    def open_count(self) -> int:
        """How many items are to be started or run."""
        return sum(self.by_state.get(state, 0) for state in OPEN_ITEM_STATES)


@dataclass(frozen=True)
class BatchSheet:
    """The message that shows nine items of a batch. `message_id` is None until it is sent.

    It shows the items as they were at `drawn_version`. `attempt` is raised when it is deleted and to be sent anew.
    """

    batch_id: str
    number: int
    message_id: int | None
    version: int
    drawn_version: int
    attempt: int


@dataclass(frozen=True)
class BatchBoard:
    """A batch with the state of its board, which shows it as it was at `drawn_version`.

    `attempt` is raised when the board is deleted and to be sent anew. `ping_message_id` is the message that told its
    requester that everything is made, None if there is none yet.
    """

    batch: Batch
    drawn_version: int
    attempt: int
    ping_message_id: int | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether it shows the batch as it is."""
        return self.batch.version <= self.drawn_version

    @property
    def awaits_ping(self) -> bool:
        """Whether its requester, who wants that, is to be told that everything is made."""
        has_pictures = self.batch.state in {BatchState.REVIEW, BatchState.DONE}
        return self.batch.pings and self.ping_message_id is None and has_pictures


def get_sheet_number(item_number: int) -> int:
    """Return the number of the sheet that shows an item; both count from 1."""
    return (item_number - 1) // SHEET_SIZE + 1


_DAY: Final = 86400.0
_WAITING_SECONDS: Final = {
    BatchState.DRAFT: _DAY,
    BatchState.AWAITING_APPROVAL: 7 * _DAY,
    BatchState.CHANGES_REQUESTED: 7 * _DAY,
    BatchState.RUNNING: 0.0,
    BatchState.PAUSED: 7 * _DAY,
    BatchState.CANCELLING: 0.0,
    BatchState.REVIEW: 30 * _DAY,
}
"""How long a batch waits in each state for people, until the leading bot acts in their place."""


def get_due_time(state: BatchState, now: float) -> float | None:
    """Return when the leading bot has something to do for a batch that is in this state from now on; None: never."""
    seconds = _WAITING_SECONDS.get(state)
    return None if seconds is None else now + seconds


def find_state_after(state: BatchState, counts: BatchCounts) -> BatchState:
    """Find the state in which a started batch is when its items have changed.

    While no item is open, it waits for reviewers, unless they have decided on each picture.
    """
    if counts.open_count:
        return BatchState.RUNNING if state in {BatchState.REVIEW, BatchState.DONE} else state
    if counts.by_review.get(Review.UNDECIDED, 0):
        return BatchState.REVIEW
    ended = {item_state for item_state, count in counts.by_state.items() if count}
    return BatchState.CANCELLED if ended == {ItemState.CANCELLED} else BatchState.DONE


def build_item_end(outcome: Outcome | None, *, has_image: bool) -> ItemEnd:
    """Build the end that an outcome is, None if it was lost. Without its picture, a generated one failed."""
    match outcome:
        case Generated() if has_image:
            return ItemEnd(ItemState.GENERATED, outcome.seed)
        case Filtered():
            return ItemEnd(ItemState.FILTERED)
        case Failed():
            return ItemEnd(ItemState.CANCELLED if outcome.is_cancelled else ItemState.FAILED, problem=outcome.problem)
        case _:
            return ItemEnd(ItemState.FAILED, problem=make_problem("result_gone"))
