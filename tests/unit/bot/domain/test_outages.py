"""Which errors of a database say that it does not answer."""

import asyncio
import sqlite3
from pathlib import Path

import psycopg.errors
import pytest
from sqlalchemy import create_engine, exc, text

from bot.domain.outages import DatabaseTimeoutError, find_outage, get_reason
from shared.problems import RejectedError, make_problem


def wrap(error: Exception, kind: type[exc.DBAPIError] = exc.OperationalError) -> exc.DBAPIError:
    return kind("SELECT 1", {}, error)


@pytest.mark.parametrize(
    ("error", "is_outage"),
    [
        (wrap(psycopg.OperationalError("server closed the connection unexpectedly\nThis probably means")), True),
        (wrap(psycopg.errors.AdminShutdown("terminating connection")), True),
        (wrap(psycopg.InterfaceError("the connection is closed"), exc.InterfaceError), True),
        (exc.TimeoutError("QueuePool limit"), True),
        (DatabaseTimeoutError("no answer within 10 s"), True),
        (wrap(psycopg.errors.DeadlockDetected("deadlock detected")), False),
        (wrap(psycopg.errors.UndefinedTable("relation does not exist"), exc.ProgrammingError), False),
        (TimeoutError(), False),
        (asyncio.CancelledError(), False),
    ],
)
def test_an_outage_is_no_fault_of_ours(error: BaseException, is_outage: bool) -> None:
    assert find_outage(error) is (error if is_outage else None)


def test_sqlite_that_is_locked_is_out_of_order_and_a_missing_table_is_a_fault(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    first, second = create_engine(url), create_engine(url, connect_args={"timeout": 0})
    with pytest.raises(exc.OperationalError) as missing, first.connect() as connection:
        connection.execute(text("SELECT * FROM absent"))
    with first.connect() as owner, second.connect() as other:
        owner.execute(text("BEGIN EXCLUSIVE"))
        with pytest.raises(exc.OperationalError) as locked:
            other.execute(text("CREATE TABLE a (b)"))
    first.dispose()
    second.dispose()

    assert isinstance(missing.value.orig, sqlite3.OperationalError)
    assert find_outage(missing.value) is None
    outage = find_outage(locked.value)
    assert outage is locked.value
    assert get_reason(outage) == "database is locked"


def test_an_outage_is_found_behind_the_error_that_people_read_and_its_reason_is_one_line() -> None:
    outage = wrap(psycopg.OperationalError("connection refused\nIs the server running?"))
    error = RejectedError(make_problem("database_unavailable"))
    error.__cause__ = outage

    assert find_outage(error) is outage
    assert get_reason(outage) == "connection refused"
    assert get_reason(TimeoutError()) == "TimeoutError"


def test_a_fault_while_an_outage_is_handled_is_none() -> None:
    fault = KeyError("a name that is missing")
    fault.__context__ = wrap(psycopg.OperationalError("connection refused"))

    assert find_outage(fault) is None
