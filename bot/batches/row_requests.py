"""Builds the requests of the rows of a table, each as a single request with these options would be.

A row that is refused says why, and does not keep the others from being taken.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.batches.reading.values import DraftItem, Row
from bot.domain.usage import Usage
from bot.domain.word_rules import WordList
from bot.submission.team_settings import TEAM_NOTES
from bot.submission.validation import RequestValidator
from shared.notes import Note
from shared.problems import Problem, RejectedError, make_problem
from shared.request.model import BuiltRequest, Request


@dataclass(frozen=True)
class RequestContext:
    """For whom the requests of rows are built, and where.

    `defaults` fill in the options that a row leaves out, the first mapping before the second. Every request has the
    locked options of the team of `usage`, if there is one.
    """

    usage: Usage
    defaults: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class RequestedRow:
    """A row with the request of each of its items, or the problems for which it has none.

    `notes` name the options of the row that its team has locked with other values.
    """

    row: Row
    requests: Sequence[Request] = ()
    problems: Sequence[Problem] = ()
    notes: Sequence[Note] = ()


@dataclass(frozen=True)
class RowRequestBuilder:
    """Builds the requests of rows."""

    validator: RequestValidator

    async def build_requests(self, context: RequestContext, rows: Sequence[Row]) -> list[RequestedRow]:
        """Build the requests of each row. Raises `RejectedError` (database_unavailable)."""
        validator = await self.load_validator(context)
        built = []
        for row in rows:
            built.append(await _build_row(validator, context, row))
            await asyncio.sleep(0)  # hundreds of rows would hold up other interactions
        return built

    async def find_problems(self, context: RequestContext, requests: Sequence[Request]) -> list[Problem]:
        """List the problems of requests that were built before, each once: rules may have changed meanwhile.

        Raises `RejectedError` (database_unavailable).
        """
        validator = await self.load_validator(context)
        problems: list[Problem] = []
        for request in requests:
            _add_new(problems, await validator.find_usage_problems(replace(context.usage, requests=(request,))))
        return problems

    async def load_validator(self, context: RequestContext) -> RequestValidator:
        """Load the word list of the server once, for all requests of a batch. Raises `RejectedError`."""
        word_lists, guild_id = self.validator.word_lists, context.usage.guild_id
        if word_lists is not None and guild_id is not None:
            word_lists = _LoadedWordList(await word_lists.load_word_list(guild_id))
        return replace(self.validator, word_lists=word_lists)


@dataclass(frozen=True)
class _LoadedWordList:
    word_list: WordList

    async def load_word_list(self, guild_id: int) -> WordList:
        del guild_id
        return self.word_list


async def _build_row(validator: RequestValidator, context: RequestContext, row: Row) -> RequestedRow:
    """Build the requests of a row: all of them, or none if one is refused."""
    problems: list[Problem] = []
    built: list[BuiltRequest] = []
    _add_new(problems, row.problems)
    for item in row.items:
        try:
            built.append(_build_request(validator, context, item))
        except RejectedError as rejection:
            _add_new(problems, (_name_place(problem) for problem in rejection.problems))
    requests = [one.request for one in built]
    if requests and len(requests) == len(row.items):
        _add_new(problems, await validator.find_usage_problems(replace(context.usage, requests=tuple(requests))))
    return (
        RequestedRow(row, problems=problems) if problems else RequestedRow(row, requests, notes=list_team_notes(built))
    )


def _build_request(validator: RequestValidator, context: RequestContext, item: DraftItem) -> BuiltRequest:
    usage, has_picture = context.usage, item.picture is not None
    return validator.build_offered_request(
        usage.settings, context.defaults, item.options, has_picture=has_picture, team=usage.team
    )


def list_team_notes(requests: Iterable[BuiltRequest]) -> tuple[Note, ...]:
    """List the notes on options that a team has locked with other values, each once."""
    notes = [note for built in requests for note in built.notes if note.code in TEAM_NOTES]
    return tuple(note for place, note in enumerate(notes) if note not in notes[:place])


def _name_place(problem: Problem) -> Problem:
    """Put the problem of a row in the words of a table: a prompt is missing from a column, or from the template."""
    return make_problem("batch_prompt_missing") if problem.code == "prompt_empty" else problem


def _add_new(problems: list[Problem], found: Iterable[Problem]) -> None:
    problems += (problem for problem in found if problem not in problems)
