"""Rows of the tables of contests to values of the domain, and back."""

import logging
from dataclasses import asdict
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import BindParameter, Connection, Row, bindparam, select, update

from bot.domain.rounds import (
    Contest,
    ContestSettings,
    EndReason,
    EntryState,
    MessageKind,
    Participant,
    Phase,
    RoundEntry,
    RoundMessage,
)
from bot.storage.tables import contests
from shared.unreadable import UnreadableRowLog

CONTEST_ID: Final[BindParameter[str]] = bindparam("target_contest_id")

_SETTINGS_ADAPTER: Final = TypeAdapter(ContestSettings)
_LOCK_CONTEST: Final = update(contests).where(contests.c.id == CONTEST_ID).values(version=contests.c.version)
_SELECT_CONTEST: Final = select(contests).where(contests.c.id == CONTEST_ID)
_unreadable_rows: Final = UnreadableRowLog(logging.getLogger(__name__))


def lock_contest(connection: Connection, contest_id: str) -> Contest | None:
    """Lock the row of a contest until the transaction ends, and return it; None if it is unknown or unreadable.

    Whatever changes a contest, its entries or its ballots locks it first, so that no two changes wait for each other.
    SQLite locks with a write only.
    """
    if not connection.execute(_LOCK_CONTEST, {CONTEST_ID.key: contest_id}).rowcount:
        return None
    return parse_contest(connection.execute(_SELECT_CONTEST, {CONTEST_ID.key: contest_id}).one())


def build_contest_row(contest: Contest) -> dict[str, Any]:
    """Build the row of a contest, without the number of its newest message."""
    row = {name: value for name, value in vars(contest).items() if name != "settings"}
    return row | {"settings": _SETTINGS_ADAPTER.dump_json(contest.settings).decode()}


def parse_contest(row: Row[Any]) -> Contest | None:
    """Parse a row of `contests`; None if another release wrote it differently."""
    columns = dict(row._mapping)  # noqa: SLF001 — its public API
    del columns["last_sequence"]
    try:
        return Contest(
            **columns
            | {
                "settings": _SETTINGS_ADAPTER.validate_json(row.settings),
                "phase": Phase(row.phase),
                "end_reason": EndReason(row.end_reason) if row.end_reason else None,
            }
        )
    except (TypeError, ValueError) as error:
        _unreadable_rows.report(f"contest {row.id}", error)
        return None


def build_entry_row(entry: RoundEntry) -> dict[str, Any]:
    """Build the row of an entry."""
    return asdict(entry)


def parse_entry(row: Row[Any]) -> RoundEntry:
    """Parse a row of `round_entries`."""
    return RoundEntry(**dict(row._mapping) | {"state": EntryState(row.state)})  # noqa: SLF001 — its public API


def parse_participant(row: Row[Any]) -> Participant:
    """Parse a row of `round_participants`."""
    return Participant(row.user_id, row.position, row.has_left)


def parse_message(row: Row[Any]) -> RoundMessage:
    """Parse a row of `round_messages`."""
    columns = dict(row._mapping)  # noqa: SLF001 — its public API
    del columns["closed_at"]
    return RoundMessage(**columns | {"kind": MessageKind(row.kind)})
