"""Requests that are still being written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.exploration import ExplorationPlan
from bot.domain.images import RemoteImage
from bot.domain.rounds import ContestSettings
from shared.job import SourceKind
from shared.notes import Note
from shared.problems import Problem
from shared.request.model import BuiltRequest


@dataclass(frozen=True)
class FilledForm:
    """The texts of a rejected form by field, "" where one was left empty, and the problems that were found in them."""

    values: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


EMPTY_FORM = FilledForm()


@dataclass(frozen=True)
class SyntaxAnswers:
    """The requests of the answers to a question on a prompt in the syntax of another tool.

    `without` is the one without the things that have no equal here, for `count` pictures; `literal` the one with the
    prompt as words, for `literal_count`, if that is valid.
    """

    without: BuiltRequest
    literal: BuiltRequest | None
    count: int = 1
    literal_count: int = 1


@dataclass(frozen=True)
class Draft:
    """A request that a person has begun, while a form or a question is open. Only `user_id` may go on with it.

    `images` are the pictures to choose from, `parent_id` the job that they came from. The draft of an exploration has
    a `plan`; `source_sha256` is then the hash of a stored picture to start from, `source_kind` which one of its thread
    that is; `notes` are those of its requests. `form` is a form that was rejected, to be opened again.
    `source_owner_id` is whose picture it is, if not the user's; `answers` are those to a question on the prompt.
    `built` is the request of an edit whose pictures, under `source_sha256`, were shown to the user.
    `contest` has the choices of a host so far; its `max_cost` is None as long as the sum follows from the rest.
    """

    user_id: int
    images: tuple[RemoteImage, ...]
    parent_id: str | None = None
    plan: ExplorationPlan | None = None
    source_sha256: str | None = None
    source_kind: SourceKind | None = None
    notes: tuple[Note, ...] = ()
    form: FilledForm = EMPTY_FORM
    source_owner_id: int | None = None
    is_spoiler: bool = False
    answers: SyntaxAnswers | None = None
    contest: ContestSettings | None = None
    built: BuiltRequest | None = None
