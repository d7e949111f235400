"""What the bot needs of the queue and of the records, a verb or two each; `bot.adapters` fulfils it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from shared.job import Job, Origin, Requester, SourceKind, make_variant_id
from shared.outcome import Outcome
from shared.problems import Problem
from shared.request.model import Request


class QueueState(StrEnum):
    """Where an accepted job stands. WAITING covers prepared jobs and those released to be tried again."""

    PREPARING = "preparing"
    QUEUED = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    DELIVERED = "delivered"


@dataclass(frozen=True)
class JobStatus:
    """An accepted job as the queue knows it now.

    `position` is its place in the line of its model, 1 for the next one up (0 when it does not wait). `estimate` is
    seconds until its picture is expected: of one being prepared as if nobody came before it, of one that waits by who
    does (`shared/queue/lua/status.lua` says how), of one that runs what is left; `typical` is seconds that a call of
    its model has lately taken, or is said by the catalogue to take. `since` is Unix seconds when its state began;
    `thread` is the snowflake of its thread once one is open, `told` that of the message which told its outcome.
    `claims` counts leases, `calls` those in which a call of the model was begun, `doubts` the calls whose fate nobody
    knows.
    """

    job: Job
    state: QueueState
    position: int
    estimated_seconds: float
    state_since: float
    thread_id: int | None
    outcome: Outcome | None
    message_id: int | None = None
    claims: int = 0
    calls: int = 0
    unknown_calls: int = 0
    typical_seconds: float = 0.0


@dataclass(frozen=True)
class MessageRef:
    """Where an answer stands; `message` is None when it was posted and deleted since."""

    channel_id: int
    message_id: int | None
    is_private: bool = False

    def build_link(self, guild_id: int) -> str:
        """Give the address that opens it in any Discord client."""
        end = "" if self.message_id is None else f"/{self.message_id}"
        return f"https://discord.com/channels/{'@me' if self.is_private else guild_id}/{self.channel_id}{end}"


@dataclass(frozen=True)
class RemoteImage:
    """Where a picture lies: its signed address, which no log may show, its declared size in bytes and its file's name.

    A picture that is a component of a message has no declared size.
    """

    url: str = field(repr=False)
    size_bytes: int | None = None
    filename: str = ""

    @property
    def expires_at(self) -> float | None:
        """Unix seconds when the signature ends, None where the address bears none.

        https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
        """
        written = parse_qs(urlsplit(self.url).query).get("ex", [""])[0]
        try:
            return float(int(written, 16))
        except ValueError:
            return None


@dataclass(frozen=True)
class OpenJobRecord:
    """An open job as the records know it.

    `queued`: the queue is known to have taken it; `repeated`: it was queued again after the queue forgot it. The counts
    and `thread` are those of `JobStatus` when last seen, the counts since the job was last queued. `sha256` is the hash
    of its picture's upload.
    """

    job: Job
    is_queued: bool
    remote_image: RemoteImage | None
    thread_id: int | None
    is_requeued: bool
    claims: int
    calls: int
    unknown_calls: int
    upload_sha256: str | None = None


@dataclass(frozen=True)
class ClosedRecord:
    """The end of a recorded job; `told` is None when it was refused, or nowhere left to tell."""

    message: MessageRef | None


@dataclass(frozen=True)
class StoredImage:
    """A picture that is at hand: the one a job started from, as its model got it, under the hash of its upload."""

    sha256: str
    data: bytes = field(repr=False)


class Variation(StrEnum):
    """What the pictures of an exploration differ in."""

    SEEDS = "seeds"
    STYLES = "styles"
    KEEP = "keep"
    MODELS = "models"


@dataclass(frozen=True)
class ExplorationPlan:
    """What an exploration asks for: a request for each of its cells, whose numbers count from 1."""

    variation: Variation
    requests: tuple[Request, ...]


@dataclass(frozen=True)
class Draft:
    """What a person is about to ask for: the pictures they may start from, and the job that they came of, if any.

    Nobody but that `user` goes on with it. Of an exploration, `plan` is what it asks for; `kept` is the hash of the
    picture where that is one which is kept, `start` which one of its thread it is.
    """

    user_id: int
    images: tuple[RemoteImage, ...]
    parent_id: str | None = None
    plan: ExplorationPlan | None = None
    source_sha256: str | None = None
    source_kind: SourceKind | None = None


@dataclass(frozen=True)
class Exploration:
    """An exploration that was begun: its cells are the jobs `cells`, its message stands at `place`.

    `at` is Unix seconds; `refused` says why cells were not taken on, by their numbers.
    """

    id: str
    plan: ExplorationPlan
    requester: Requester
    created_at: float
    origin: Origin
    rejected: Mapping[int, Problem] = field(default_factory=dict)

    @property
    def variant_ids(self) -> tuple[str, ...]:
        return tuple(make_variant_id(self.id, number) for number in range(1, len(self.plan.requests) + 1))


@dataclass(frozen=True)
class JobRecord:
    """A job as the records keep it. `kind` is that of its outcome, None while it is open.

    `seed` is the one its picture was made with, where there is one; `seconds` is the model's own time, `cost_usd` what
    that cost, None where nobody knows. `source` is the hash of the picture it started from; `deleted`: its answer was
    deleted by a person; `cancelled`: a person ended it before it was painted; `open`: it has no end yet.
    """

    job: Job
    outcome_kind: str | None
    seed: int | None
    message: MessageRef | None
    finished_at: float
    source_sha256: str | None = None
    is_deleted: bool = False
    duration_seconds: float | None = None
    cost_usd: float | None = None
    is_open: bool = False
    is_cancelled: bool = False

    @property
    def missing_image_reason(self) -> str:
        """Why no picture is shown of it: "deleted", "cancelled", "filtered", "failed" or "gone"."""
        if self.is_deleted or self.is_cancelled:
            return "deleted" if self.is_deleted else "cancelled"
        return self.outcome_kind if self.outcome_kind in {"filtered", "failed"} else "gone"


@dataclass(frozen=True)
class GenerationSettings:
    """How a picture was made: enough to make another one from it. `author` asked for it, where that is known.

    `seed` is None where the model reads none.
    """

    job_id: str
    request: Request
    seed: int | None
    author_id: int | None = None
    source_sha256: str | None = None


@dataclass(frozen=True)
class Preferences:
    """What a person chose for everything they ask: `language` (None: that of their Discord), pings, private results.

    `options` fill the options of `/imagine` that were left out, by the names of `shared.request.model.compose`.
    """

    language: str | None = None
    pings: bool = False
    private: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PresetOwner:
    """Whose a preset is: the guild's where there is one (`user` saved it), else the user's."""

    user_id: int
    guild_id: int = 0


@dataclass(frozen=True)
class Preset:
    """Settings under a name, by the names of `shared.request.model.compose`.

    `guild` is 0 where it is a person's own.
    """

    code: str
    name: str
    guild_id: int
    options: Mapping[str, Any]


class ButtonPolicy(StrEnum):
    """Who may press the buttons under a result in a guild, beside its author."""

    EVERYONE = "everyone"
    AUTHOR = "author"


@dataclass(frozen=True)
class OutcomeEntry:
    """One outcome read from the stream: the entry to acknowledge and the job it ends."""

    entry_id: str
    job_id: str


class QueueResultUnknownError(Exception):
    """The queue's answer did not come: whether it did what it was asked is not known."""


class JobQueue(Protocol):
    """Taking on a job."""

    async def enqueue_job(self, job: Job, image: bytes | None, *, unknown_calls: int = 0) -> bool:
        """Queue the job with its picture; False when this very job was accepted before.

        `doubts` counts its calls of before whose fate nobody knows: after one, no other such call is repeated.
        Raises `shared.problems.Refused` (no_room, too_many_waiting, model_off, queue_unreachable, and the limits of
        channel, guild and minute); nothing is kept then. Raises `QueueResultUnknownError`.
        """
        ...

    async def set_thread(self, job_id: str, thread_id: int) -> None:
        """Remember the thread that was opened for this job."""
        ...


class DraftStore(Protocol):
    """Remembering what a form, or a question, cannot hold. Raises `shared.problems.Refused` (no_room, queue_away)."""

    async def save_draft(self, draft_id: str, draft: Draft) -> None:
        """Keep it for as long as a form may be open."""
        ...

    async def load_draft(self, draft_id: str) -> Draft | None:
        """Give it back; None when it was kept no longer, or never."""
        ...


class CancelResult(StrEnum):
    """What became of cancelling. TOO_LATE: a call of the model has begun, or the job has ended in some way."""

    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    UNKNOWN = "unknown"


class JobCanceller(Protocol):
    """Ending a job before its call."""

    async def cancel_job(self, job_id: str, problem: Problem) -> CancelResult:
        """End the job as Failed with this problem, unless its call has begun: what is paid for is kept.

        The outcome is told like any other. Who asks again, also because the answer was lost, is TOO_LATE.
        Raises `shared.problems.Refused` (queue_away); whether the job was cancelled is not known then.
        """
        ...


class JobStatusReader(Protocol):
    """Seeing where jobs stand, and what they start from.

    An open job is one that was accepted and whose end was not told yet. `standings` and `prepared` raise
    `shared.problems.Refused` (queue_away).
    """

    async def list_open_jobs(self) -> Sequence[str]:
        """List the ids of open jobs, oldest first.

        Where there are more than some hundred, these are the oldest, those at work, another part of the others each
        time, and the newest.
        """
        ...

    async def load_statuses(self, job_ids: Collection[str]) -> Sequence[JobStatus]:
        """Tell where these jobs stand now; the ones the queue does not know are left out."""
        ...

    async def load_prepared_image(self, job_id: str) -> bytes | None:
        """Fetch the picture that a job starts from, as its model gets it; None before it is prepared, and once told."""
        ...


class QueueListing(Protocol):
    """Seeing the queue as a person or a guild sees it."""

    async def list_tenant_jobs(self, tenant: str) -> Sequence[JobStatus]:
        """Tell where all open jobs of a flow stand, oldest first. Raises `shared.problems.Refused` (queue_away)."""
        ...

    async def count_open_jobs(self, guild_id: int) -> int:
        """Count the open jobs of a guild. Raises `shared.problems.Refused` (queue_away)."""
        ...


class JobPurge(Protocol):
    """Dropping what the queue still holds of jobs that have ended."""

    async def purge_jobs(self, job_ids: Collection[str]) -> None:
        """Drop rows and dead letters of these jobs; an open job stays.

        Raises `shared.problems.Refused` (queue_away).
        """
        ...


class OutcomeStream(Protocol):
    """Handing outcomes to the people who wait for them."""

    async def read_outcomes(self) -> Sequence[OutcomeEntry]:
        """Wait a few seconds at most for outcomes that nobody acknowledged yet, oldest first; none is an empty answer.

        After a start, those that were read before and never acknowledged come first.
        """
        ...

    async def load_result_image(self, job_id: str) -> bytes | None:
        """Fetch the finished picture, or None when it is kept no longer."""
        ...

    async def acknowledge_outcome(self, entry: OutcomeEntry, message_id: int | None) -> None:
        """Acknowledge: the outcome was told in this message (None: nowhere left to tell it). Frees the bytes."""
        ...


class SubmissionStore(Protocol):
    """Writing down what is taken on. Only `accepted` raises: what else could not be written, reconciling mends."""

    async def add_job(self, job: Job, image: RemoteImage | StoredImage | None) -> bool:
        """Write the job down before it is queued; False when this very job was written before.

        Raises `shared.problems.Refused` (records_unavailable).
        """
        ...

    async def mark_queued(self, job_id: str, sha256: str | None) -> None:
        """Note that the queue took the job, and the hash (hexadecimal) of its picture's bytes."""
        ...

    async def mark_rejected(self, job_id: str, problem: Problem) -> None:
        """Close the record: the job was not taken on, and the one who asked was told why."""
        ...


class DeliveryStore(Protocol):
    """Writing down how jobs ended. Nothing here raises: without the records, answers are still told."""

    async def load_closed_record(self, job_id: str) -> ClosedRecord | None:
        """Tell how a job's record was closed; None when it is open, or cannot be read."""
        ...

    async def mark_delivered(self, status: JobStatus, message: MessageRef | None) -> None:
        """Close the record: the outcome was told there (None: nowhere left to tell it). A closed one stays as it is."""
        ...


class RecoveryStore(Protocol):
    """Seeing which records are open, and giving a forgotten job its one repeat. What fails raises."""

    async def list_open_records(self) -> Sequence[OpenJobRecord]:
        """List all open records, oldest first."""
        ...

    async def save_progress(self, statuses: Collection[JobStatus]) -> None:
        """Note how often these jobs were claimed and called by now, and their threads."""
        ...

    async def mark_requeued(self, job_id: str) -> bool:
        """Note that the job is about to be queued again; False when it was already, which only happens once."""
        ...

    async def unmark_requeued(self, job_id: str) -> None:
        """Take that note back: the queue did not take the job."""
        ...


class JobHistory(Protocol):
    """Looking back at jobs. Raises `shared.problems.Refused` (records_unavailable)."""

    async def find_job(self, job_id: str) -> JobRecord | None:
        """Find a job; None when the records do not know it."""
        ...

    async def find_latest_result(self, thread_id: int) -> JobRecord | None:
        """Find the newest picture that was told in this thread and not deleted."""
        ...

    async def list_results(self, thread_id: int, limit: int) -> Sequence[JobRecord]:
        """List the pictures that were told in this thread and not deleted, newest first."""
        ...

    async def find_first_job(self, thread_id: int) -> JobRecord | None:
        """Find the oldest job of this thread that has to do with a picture: it started from one, or made one."""
        ...

    async def mark_result_deleted(self, job_id: str) -> None:
        """Note that a person deleted the answer: its picture is gone, and so is what was made small of it."""
        ...

    async def load_source_image(self, sha256: str) -> StoredImage | None:
        """Give the picture that jobs of this hash started from, while it is kept."""
        ...

    async def load_undelivered_image(self, job_id: str) -> bytes | None:
        """Give the picture that came of a job and could be told nowhere, while it is kept."""
        ...


@dataclass(frozen=True)
class SearchQuery:
    """Which past jobs `viewer` wants to see: their own, unless more is said; None and "" are no condition.

    `here`: everyone's of this guild, or those that `user` asked for; `starred`: those that `viewer` marked as
    favourites. `words` stand in their prompts, each of them anywhere. `since` and `until` bound when they were asked
    for, in Unix seconds.
    """

    viewer_id: int
    is_guild_wide: bool = False
    requester_id: int | None = None
    is_favourite: bool = False
    keywords: str = ""
    model: str | None = None
    accepted_after: float | None = None
    accepted_before: float | None = None


@dataclass(frozen=True)
class SearchPage:
    """A part of what was searched for, newest first, and how much there is in all."""

    records: Sequence[JobRecord]
    total_count: int


class JobSearch(Protocol):
    """Finding jobs of the past. One's own are found wherever they were asked for."""

    async def search_jobs(
        self, query: SearchQuery, *, guild_id: int | None, channel_ids: Collection[int], limit: int, offset: int = 0
    ) -> SearchPage:
        """Find jobs that have ended, `most` of them after the first `skip`.

        Others' are only found in these channels of the guild, and only while their answers are not deleted. Raises
        `shared.problems.Refused` (records_unavailable).
        """
        ...


class SavedSearchStore(Protocol):
    """Keeping what people search for, so that a button under a page need only know its number."""

    async def save_search(self, search_id: str, query: SearchQuery) -> None:
        """Keep a search for a day. Raises `shared.problems.Refused` (queue_away)."""
        ...

    async def load_search(self, search_id: str, viewer_id: int) -> SearchQuery | None:
        """Give a search of this person's back. Raises `shared.problems.Refused` (queue_away)."""
        ...

    async def delete_searches(self, viewer_id: int) -> None:
        """Drop all of a person's. Raises `shared.problems.Refused` (queue_away)."""
        ...


@dataclass(frozen=True)
class StoredDataSummary:
    """How much of a person the records hold. `prompts` are jobs that have ended, `open_jobs` those that have not.

    `records` are all rows about the ended ones; `sources` are pictures that only their jobs started from, and `kept`
    those that could be told nowhere; `preferences` is 1 where they chose any.
    """

    jobs: int = 0
    rows: int = 0
    favourites: int = 0
    presets: int = 0
    explorations: int = 0
    thumbnails: int = 0
    source_images: int = 0
    undelivered_images: int = 0
    preferences: int = 0
    open_jobs: int = 0


class PersonalDataStore(Protocol):
    """Forgetting a person. Raises `shared.problems.Refused` (records_unavailable)."""

    async def summarise_stored_data(self, user_id: int) -> StoredDataSummary:
        """Count what is held."""
        ...

    async def list_ended_jobs(self, user_id: int) -> Sequence[str]:
        """List the jobs that have ended."""
        ...

    async def delete_personal_data(self, user_id: int) -> StoredDataSummary:
        """Delete all that `belongings` counts but what belongs to open jobs; tell how much that was.

        What others made from it stays, without its parent; presets that were given to a guild stay, without a name.
        """
        ...


class FavouriteStore(Protocol):
    """The results that people marked as favourites."""

    async def toggle_favourite(self, user_id: int, job_id: str) -> bool:
        """Mark a job's picture, or take the mark away; tell whether it is marked now.

        Raises `shared.problems.Refused`: not_recorded where the records do not know the job, records_unavailable.
        """
        ...


class LineageStore(Protocol):
    """Knowing which picture came from which. Raises `shared.problems.Refused` (records_unavailable)."""

    async def load_lineage(self, job_id: str, limit: int) -> Sequence[JobRecord]:
        """Give the job, what it came from back to the first, and what came of any of them, oldest first.

        There are `most` at most; where there are more, those on the way to this job stay. A job that nobody remembers
        has no family.
        """
        ...


class ImageStore(Protocol):
    """Keeping the pictures that jobs start from, and those that could be told nowhere."""

    async def refresh_source_image(self, job_id: str) -> bool:
        """Tell whether the picture that the job started from is kept; it is for longer then. Nothing is raised."""
        ...

    async def save_source_image(self, job_id: str, data: bytes) -> None:
        """Keep the picture that the job started from, once for all jobs that start from the same upload.

        Nothing is raised: it is a convenience, not a promise.
        """
        ...

    async def save_undelivered_image(self, job_id: str, data: bytes) -> None:
        """Keep the picture that came of the job, whose end is written down; once kept, it stays as it is.

        Raises `shared.problems.Refused` (records_unavailable).
        """
        ...


class ThumbnailStore(Protocol):
    """Keeping the pictures of past jobs small, as JPEGs. Nothing here raises: they can be made again."""

    async def load_thumbnails(self, job_ids: Collection[str]) -> Mapping[str, bytes]:
        """Give those that are kept, by job."""
        ...

    async def save_thumbnail(self, job_id: str, jpeg: bytes) -> None:
        """Keep one; of a job that the records do not know, or whose answer was deleted, none is kept."""
        ...


class ExplorationStore(Protocol):
    """Keeping explorations, whose cells come in one by one. Raises `shared.problems.Refused` (records_unavailable)."""

    async def add_exploration(self, exploration: Exploration) -> bool:
        """Write it down; False when this very one was before."""
        ...

    async def find_exploration(self, exploration_id: str) -> Exploration | None:
        """Find one."""
        ...

    async def save_rejections(self, exploration_id: str, rejected: Mapping[int, Problem]) -> None:
        """Note why cells were not taken on, by their numbers."""
        ...

    async def list_open_explorations(self) -> Sequence[Exploration]:
        """List those that have not ended, oldest first."""
        ...

    async def list_variants(self, exploration: Exploration) -> Sequence[JobRecord]:
        """Give those of its cells that the records know, in no order."""
        ...

    async def mark_exploration_ended(self, exploration_id: str) -> None:
        """Note that each cell has come to its end, and that the message says so."""
        ...


class PresetStore(Protocol):
    """Keeping settings under names, which are compared without case. Raises `RejectedError` (records_unavailable)."""

    async def save_preset(self, owner: PresetOwner, name: str, options: Mapping[str, Any]) -> Preset | None:
        """Keep these settings; the answer is what was under this name before.

        Raises `RejectedError` (preset_full), too.
        """
        ...

    async def list_presets(self, owner: PresetOwner) -> Sequence[Preset]:
        """List the user's own and the guild's, by name."""
        ...

    async def find_preset_by_code(self, code: str) -> Preset | None:
        """Find the one of this code, whosever it is."""
        ...

    async def delete_preset(self, owner: PresetOwner, name: str) -> bool:
        """Take it away; False when there is none."""
        ...


class PreferencesStore(Protocol):
    """What people and guilds chose. Raises `shared.problems.Refused` (records_unavailable)."""

    async def load_preferences(self, user_id: int) -> Preferences:
        """Give what a person chose."""
        ...

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None:
        """Keep what a person chose."""
        ...

    async def load_button_policy(self, guild_id: int) -> ButtonPolicy:
        """Tell who may press the buttons under other people's results."""
        ...

    async def save_button_policy(self, guild_id: int, policy: ButtonPolicy) -> None:
        """Keep who may."""
        ...
