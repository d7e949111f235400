"""The conditions of a search of past jobs."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, and_, func, select

from bot.domain.search import SearchQuery
from bot.storage.round_entries import is_secret_entry
from bot.storage.tables import RecordState, jobs, outcomes
from shared.outcome import CANCELLED
from shared.prompts import normalize_search_text


def build_scope_conditions(
    query: SearchQuery, guild_id: int | None, found: FromClause
) -> Iterator[ColumnElement[bool]]:
    """Build the conditions by which an index of `jobs` finds the jobs of a person, or else of a server, in a period.

    `found` has columns of `jobs`.
    """
    if query.requester_id is not None:
        yield found.c.requester_id == query.requester_id
    elif query.is_guild_wide:
        yield found.c.guild_id == guild_id
    elif not query.is_favourite:
        yield found.c.requester_id == query.viewer_id
    if query.accepted_after is not None:
        yield found.c.accepted_at >= query.accepted_after
    if query.accepted_before is not None:
        yield found.c.accepted_at < query.accepted_before


def build_job_conditions(
    query: SearchQuery, guild_id: int | None, channel_ids: Collection[int], found: FromClause
) -> Iterator[ColumnElement[bool]]:
    """Build the conditions that are judged by the columns of an index. `found` has columns of `jobs`."""
    yield found.c.state == RecordState.DELIVERED
    if query.is_guild_wide:
        yield found.c.guild_id == guild_id
        yield (found.c.requester_id == query.viewer_id) | found.c.channel_id.in_(channel_ids)
    elif not query.is_favourite:
        yield found.c.requester_id == query.viewer_id
    if query.model is not None:
        yield found.c.model == query.model


def build_word_conditions(query: SearchQuery, found: FromClause) -> Iterator[ColumnElement[bool]]:
    """Build the conditions that each word occurs in the prompts of a row of `found`, which may lack `search_text`."""
    prompts: ColumnElement[Any] = select(jobs.c.search_text).where(jobs.c.id == found.c.id).scalar_subquery()
    if "search_text" in found.c:
        prompts = found.c.search_text
    for word in normalize_search_text(query.keywords).split():
        yield prompts.contains(word, autoescape=True)


def build_view_conditions(
    query: SearchQuery, guild_id: int | None, channel_ids: Collection[int], found: FromClause
) -> Iterator[ColumnElement[bool]]:
    """Build the conditions that the viewer may see a row of `found`, and wants to see its outcome.

    `found` has columns of `jobs`.
    """
    if query.is_guild_wide or query.is_favourite:
        is_readable = and_(found.c.guild_id == guild_id, found.c.channel_id.in_(channel_ids))
        is_shown = is_readable & _has_picture(found) & ~is_secret_entry(found)
        yield (found.c.requester_id == query.viewer_id) | is_shown
    if query.has_picture:
        yield _has_picture(found)
    if query.hides_cancelled:
        yield func.coalesce(_select_of_outcome(outcomes.c.problem_code, found), "") != CANCELLED


def _has_picture(found: FromClause) -> ColumnElement[bool]:
    """Build the condition that a job led to a picture and it is not deleted."""
    return found.c.deleted_at.is_(None) & (_select_of_outcome(outcomes.c.kind, found) == "generated")


def _select_of_outcome(column: ColumnElement[str], found: FromClause) -> ScalarSelect[Any]:
    """Select a column of the outcome of a job. PostgreSQL would join a condition with EXISTS, and read all outcomes."""
    return select(column).where(outcomes.c.job_id == found.c.id).correlate(found).scalar_subquery()
