"""Batches: many pictures that are requested, approved, generated and reviewed together."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from bot.domain.budgets import Spender
from shared.job import Priority, Requester, TeamRef
from shared.problems import Problem
from shared.request.model import Request

MAX_ITEMS: Final = 500
"""The most items of a batch; their numbers have three digits."""


class BatchState(StrEnum):
    """The state of a batch, by whom or which event it waits for. REJECTED, EXPIRED, CANCELLED and DONE are final.

    DRAFT: the requester looks at its preview. AWAITING_APPROVAL: an approver. CHANGES_REQUESTED: the requester, to send
    it again. RUNNING: its jobs. PAUSED: somebody to resume it. REVIEW: reviewers, as nothing is left to run.
    """

    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"
    EXPIRED = "expired"
    RUNNING = "running"
    PAUSED = "paused"
    REVIEW = "review"
    DONE = "done"
    CANCELLED = "cancelled"


FINAL_STATES: Final = frozenset({BatchState.REJECTED, BatchState.EXPIRED, BatchState.CANCELLED, BatchState.DONE})


class ItemState(StrEnum):
    """The state of an item. PENDING: it has no job yet. QUEUED: its job is open. The others are final."""

    PENDING = "pending"
    QUEUED = "queued"
    GENERATED = "generated"
    FILTERED = "filtered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Review(StrEnum):
    """The decision of reviewers on the picture of an item."""

    UNDECIDED = "undecided"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


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
    starts from, None if it starts from words. `job_id` is the job of its latest attempt, which was reserved when it
    was PENDING. `cost` is what its attempts cost, in millionths of a dollar.
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
    cost: int = 0
    review: Review = Review.UNDECIDED
    reviewer_id: int | None = None
    review_note: str = ""


@dataclass(frozen=True)
class Batch:
    """A batch without its items. Times are Unix seconds, amounts millionths of a dollar.

    `spender` is on whose account it goes. `due_at` is when the leading bot next has something to do; None: nothing.
    `version` is raised by each change.
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

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state in FINAL_STATES


@dataclass(frozen=True)
class BatchCounts:
    """How many items of a batch are in each state and have each review, and what they cost and may cost."""

    by_state: dict[ItemState, int] = field(default_factory=dict)
    by_review: dict[Review, int] = field(default_factory=dict)
    spent: int = 0
    reserved: int = 0
