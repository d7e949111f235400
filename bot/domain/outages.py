"""Errors of a database that does not answer: the reason says all, and a traceback nothing more."""

from typing import Final

from shared.errors import PentimentoError

_OUTAGE_NAMES: Final = frozenset(
    {"OperationalError", "InterfaceError", "DatabaseTimeoutError", "sqlalchemy.exc.TimeoutError"}
)
"""SQLAlchemy's classes are known by name, as only the stores import it."""

_ROLLED_BACK: Final = "40"
"""PostgreSQL's class of transactions that others have ended, as in a deadlock: it answers.
https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_FAULTY_STATEMENT: Final = "SQLITE_ERROR"
"""SQLite also calls it an operational error if a table or a column is missing. https://sqlite.org/rescode.html#error"""


class DatabaseTimeoutError(PentimentoError, TimeoutError):
    """The database did not answer in time."""


def find_outage(error: BaseException | None) -> BaseException | None:
    """Return the error of a database that does not answer among an error and its causes; None if there is none.

    A fault while an outage is handled is none, and keeps its traceback.
    """
    while error is not None and not _is_outage(error):
        error = error.__cause__
    return error


def get_reason(error: BaseException) -> str:
    """Return the first line of the message of the driver, or of the system, behind an error; else the error's name."""
    text = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    return text or type(error).__name__


def _is_outage(error: BaseException) -> bool:
    cause = getattr(error, "orig", None) or error
    is_faulty = getattr(cause, "sqlite_errorname", "") == _FAULTY_STATEMENT
    if is_faulty or (getattr(cause, "sqlstate", "") or "").startswith(_ROLLED_BACK):
        return False
    names = {name for kind in type(error).__mro__ for name in (kind.__name__, f"{kind.__module__}.{kind.__name__}")}
    return not names.isdisjoint(_OUTAGE_NAMES)
