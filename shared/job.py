"""A job: a request with an id, a requester and an origin."""

import re
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.notes import Note
from shared.request.model import Request

JOB_ID_PATTERN: Final = r"[0-9]{1,20}(?:-[0-9]{2,3})?(?:-r[0-9]{1,2})?"
"""A snowflake. A variant of an exploration ends in its number, of two digits, an item of a batch in its own, of three.
`-r1` and so on is added for a job that a button makes once only, for a choice after its first job was rejected, and for
a dead letter that 0.1.0 retried."""

MAX_CHOICE_ATTEMPTS: Final = 10

_DISCORD_EPOCH_MS: Final = 1_420_070_400_000  # https://discord.com/developers/docs/reference#snowflakes


class Origin(BaseModel):
    """The place where a job was requested, and its status message, as Discord's snowflakes.

    `is_in_thread`: the command was used inside a thread, whose id is `channel_id`; otherwise a thread under the status
    message has the id of that message. `is_direct_message`: `channel_id` is the requester's direct messages. `locale`
    is the language that the server chose for its public messages, if any.
    https://discord.com/developers/docs/topics/threads
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    guild_id: int
    channel_id: int
    message_id: int
    is_in_thread: bool = False
    is_direct_message: bool = False
    locale: str | None = None


class Requester(BaseModel):
    """The user who requested a job. `may_ping`: a result that took long pings them; `always_pings`: every one does."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: int
    name: str
    locale: str = "en-US"
    may_ping: bool = False
    always_pings: bool = False


class SourceKind(StrEnum):
    """The picture of its thread that a job starts from if none was attached: the latest, the first, or another."""

    LATEST = "latest"
    ORIGINAL = "original"
    EARLIER = "earlier"


class EntryRef(BaseModel):
    """The round of a contest that a job is an entry of, and the entry whose place it takes, if any.

    In a relay, `turn_number` is the turn that it belongs to.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    contest_id: str
    round_number: int
    turn_number: int = 0
    replaced_job_id: str | None = None


class Priority(StrEnum):
    """Whether a job takes turns with all others, or runs only when no job of normal priority could."""

    NORMAL = "normal"
    LOW = "low"


class TeamRef(BaseModel):
    """The team that a job is for: the id and name of its role, and the weight of its turns (1 is a person's)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: int
    name: str
    weight: float = 1


class BatchRef(BaseModel):
    """The batch that a job is part of, and the number of its item, from 1."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    batch_id: str
    item_number: int


class Job(BaseModel):
    """A validated request with all that is needed to run it and to deliver its outcome.

    `id` is the snowflake of the interaction, so a redelivered interaction is the same job; the variants of an
    exploration have a suffix (`make_variant_id`), the retry of a dead letter has a new one (`make_retry_id`). `seed` is
    sent to the model (1 to its maximum) and chosen before the first call; None for a model without seeds. `accepted_at`
    is Unix seconds. `parent_id` is the job whose picture or settings this one is based on. `source_kind` is set if its
    picture was found in the thread. `source_owner_id` is the user whose picture or settings those are, None for the
    requester's own. `notes` are shown with the result, whose picture is covered until it is clicked if `is_spoiler`.
    `entry` is set if it is an entry of a contest: then nobody else learns of its outcome. `team` is set if it was
    requested for a team, `batch` if it is part of a batch, whose messages show its outcome.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    request: Request
    seed: int | None
    requester: Requester
    origin: Origin
    accepted_at: float
    parent_id: str | None = None
    source_kind: SourceKind | None = None
    notes: tuple[Note, ...] = ()
    source_owner_id: int | None = None
    is_spoiler: bool = False
    entry: EntryRef | None = None
    team: TeamRef | None = None
    batch: BatchRef | None = None
    priority: Priority = Priority.NORMAL

    def to_json(self) -> str:
        """Write it for the queue: fields without a value of their own are left out, which are most of them."""
        return self.model_dump_json(exclude_defaults=True)

    @property
    def locale(self) -> str:
        """The language of its messages, except those to the requester alone."""
        return self.origin.locale or self.requester.locale

    @property
    def tenant(self) -> str:
        """The unit that shares the queue fairly with others: the team that it is for, or the requester."""
        return tenant_for_user(self.requester.id) if self.team is None else f"team-{self.team.id}"

    @property
    def subtenant(self) -> str:
        """The unit that shares the turns of its tenant with others: its batch, or the requester."""
        return tenant_for_user(self.requester.id) if self.batch is None else f"batch-{self.batch.batch_id}"

    @property
    def cost(self) -> float:
        """How much it counts towards the fair share of its tenant: less for a team of more weight."""
        return 1 if self.team is None else 1 / self.team.weight

    @property
    def has_status_message(self) -> bool:
        """Whether its origin names a message that shows its status alone."""
        return self.exploration_id is None and self.entry is None and self.batch is None

    @property
    def exploration_id(self) -> str | None:
        """The exploration of which this job is a variant, if any. Its message shows all variants."""
        return parse_exploration_id(self.id)

    @property
    def variant_number(self) -> int | None:
        """Its number on the message of its exploration, None for any other job."""
        return None if self.exploration_id is None else int(self.id.rpartition("-")[2])


def parse_job_id(text: str) -> str | None:
    """Return the text if it has the form of a job id, else None."""
    return text if re.fullmatch(JOB_ID_PATTERN, text) else None


def parse_exploration_id(job_id: str) -> str | None:
    """Return the id of the exploration of which a job is a variant, None for any other job."""
    match = re.fullmatch("([0-9]+)-[0-9]{2}", job_id)
    return match[1] if match else None


def make_variant_id(exploration_id: str, number: int) -> str:
    """Build the id of the job of a variant, which is numbered from 1 to 99."""
    return f"{exploration_id}-{number:02}"


def make_item_id(batch_id: str, number: int) -> str:
    """Build the id of the first job of an item of a batch; items are numbered from 1 to 999."""
    return f"{batch_id}-{number:03}"


def list_choice_ids(base_id: str) -> list[str]:
    """List the ids that the job of a choice may have, one after the other if its job is rejected."""
    return [base_id, *(f"{base_id}-r{attempt}" for attempt in range(1, MAX_CHOICE_ATTEMPTS))]


def make_retry_id(unix_seconds: float, random_bits: int) -> str:
    """Make a snowflake for the retry of a job, because an outcome is sent once for each id. 22 bits make it unique."""
    return str((int(unix_seconds * 1000) - _DISCORD_EPOCH_MS << 22) | random_bits)


def get_snowflake_time(snowflake: int) -> float:
    """Return the Unix seconds at which Discord made an id."""
    return ((snowflake >> 22) + _DISCORD_EPOCH_MS) / 1000


def tenant_for_user(user_id: int) -> str:
    """Build the name of the tenant for a user's jobs."""
    return f"user-{user_id}"
