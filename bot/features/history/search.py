"""Parses the options of `/history` into a search, and describes the search in the heading of its pages."""

from datetime import UTC, date, datetime, time
from typing import Final

from bot.domain.search import SearchQuery
from bot.rendering.markdown import escape_markdown
from shared.catalogue import Catalogue, make_unknown_model_problem
from shared.i18n.messages import Messages
from shared.problems import RejectedError, make_problem
from shared.typed_text import has_visible_text

_KEYWORDS_DISPLAY_LIMIT: Final = 200
_DATE_DISPLAY_LIMIT: Final = 40
_DAY_SECONDS: Final = 86400.0


def build_search_query(
    viewer_id: int,
    catalogue: Catalogue,
    *,
    keywords: str | None,
    model: str | None,
    since: str | None,
    until: str | None,
    user_id: int | None,
    everyone: bool,
) -> SearchQuery:
    """Build a search from the command's options. Raises `RejectedError` for an unknown model or an invalid date.

    `since` and `until` are days in UTC, both included.
    """
    return SearchQuery(
        viewer_id=viewer_id,
        is_guild_wide=everyone or (user_id is not None and user_id != viewer_id),
        requester_id=user_id,
        keywords=keywords if keywords and has_visible_text(keywords) else "",
        model=_find_model_key(model, catalogue) if model else None,
        accepted_after=_parse_date(since) if since else None,
        accepted_before=_parse_date(until) + _DAY_SECONDS if until else None,
        hides_cancelled=True,
    )


def format_search_heading(query: SearchQuery, messages: Messages, catalogue: Catalogue) -> str:
    """Describe a search."""
    model = catalogue.models.get(query.model or "")
    scope = "starred" if query.is_favourite else "here" if query.is_guild_wide else "mine"
    parts = [messages.text(f"history.{scope}")]
    if query.is_guild_wide and query.requester_id:
        parts.append(f"<@{query.requester_id}>")
    if query.keywords:
        parts.append(messages.text("language.quoted", words=escape_markdown(query.keywords, _KEYWORDS_DISPLAY_LIMIT)))
    if model:
        parts.append(model.name)
    if query.accepted_after is not None:
        parts.append(messages.text("history.since", date=_format_date(query.accepted_after)))
    if query.accepted_before is not None:
        parts.append(messages.text("history.until", date=_format_date(query.accepted_before - _DAY_SECONDS)))
    return " · ".join(parts)


def explain_no_results(query: SearchQuery, messages: Messages) -> str:
    """Give advice where a search finds nothing."""
    is_everything = query == SearchQuery(query.viewer_id, is_favourite=query.is_favourite, hides_cancelled=True)
    if not is_everything:
        return messages.text("history.none_found")
    return messages.text("history.none_starred" if query.is_favourite else "history.none")


def _find_model_key(name: str, catalogue: Catalogue) -> str:
    model = catalogue.find_model(name)
    if model is None:
        raise RejectedError(make_unknown_model_problem(name, catalogue))
    return model.key


def _parse_date(text: str) -> float:
    """Parse a date and return the Unix time of its first second in UTC. Raises `RejectedError` (not_a_date)."""
    try:
        return datetime.combine(date.fromisoformat(text.strip()), time(), UTC).timestamp()
    except (ValueError, OverflowError):
        raise RejectedError(make_problem("not_a_date", value=text[:_DATE_DISPLAY_LIMIT])) from None


def _format_date(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).date().isoformat()
