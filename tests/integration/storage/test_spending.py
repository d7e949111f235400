"""The spending of today and the bot's budgets, as metrics tell them, on SQLite and PostgreSQL."""

from bot.domain.budgets import Spender, build_bot_budgets
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.spending import SqlSpendingReader
from shared.catalogue import Catalogue
from tests.support.builders import ADA_ID, GENERATED, Clock, make_finished_status, make_job_by

PRICE = 80_000
DAY = 86400


async def test_only_what_was_spent_today_counts_and_budgets_include_what_is_reserved(
    database: Database, catalogue: Catalogue, clock: Clock
) -> None:
    budgets = build_bot_budgets(5.0, 100.0)
    store = SqlJobStore(database, catalogue=catalogue, bot_budgets=budgets, clock=clock)
    reader = SqlSpendingReader(database, budgets, clock)
    first, open_job = make_job_by(1), make_job_by(2)
    await store.add_jobs([first, open_job], None, Spender(ADA_ID, 1, 2))
    await store.mark_delivered(make_finished_status(first, GENERATED), None)

    today = await reader.load_spending()
    clock.now += DAY
    tomorrow = await reader.load_spending()

    assert today.spent_today == {"sd3.5-large": PRICE}
    assert [(usage.budget.period.value, usage.budget.limit, usage.used) for usage in today.budgets] == [
        ("day", 5_000_000, 2 * PRICE),
        ("month", 100_000_000, 2 * PRICE),
    ]
    assert tomorrow.spent_today == {}
    assert tomorrow.budgets[0].used == 0
