"""Does what is due for contests: found by their rows, whenever and whatever bot leads, once each."""

import logging
from dataclasses import dataclass
from typing import Final

from bot.change_signal import ChangeSignal
from bot.domain.rounds import Contest, EntryState
from bot.periodic import run_on_changes
from bot.queue.job_queue import RedisJobQueue
from bot.storage.rounds import SqlRoundStore
from shared.outcome import CANCELLED
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 0.5
MAX_DUE: Final = 50


@dataclass(frozen=True)
class RoundLeader:
    """Changes the phases of contests at their deadlines, and cancels what nobody waits for any more."""

    contests: SqlRoundStore
    queue: RedisJobQueue

    async def run(self, changes: ChangeSignal) -> None:
        """Do what is due until cancelled."""
        await run_on_changes(INTERVAL_SECONDS, self.advance_due_contests, changes, "advancing contests")

    async def advance_due_contests(self) -> float:
        """Do everything that is due now; return for how many seconds nothing more is.

        Raises `RejectedError`; one contest that fails does not hold up the others.
        """
        failures: list[RejectedError] = []
        due = await self.contests.list_due_contests(MAX_DUE)
        for contest in due:
            try:
                if not contest.is_open:
                    await self._cancel_running_jobs(contest)
                changed = await self.contests.advance(contest.id)
            except RejectedError as error:
                failures.append(error)
                continue
            if changed is not None and (changed.phase, changed.round_number) != (contest.phase, contest.round_number):
                log.info("contest %s: %s, round %d", contest.id, changed.phase, changed.round_number)
        if failures:
            raise failures[0]
        return 0.0 if due else await self.contests.compute_rest()

    async def _cancel_running_jobs(self, contest: Contest) -> None:
        """Cancel the jobs of the entries of a contest that has ended; those that run already come too late."""
        problem = make_problem(CANCELLED, name=contest.settings.theme)
        for entry in await self.contests.list_entries(contest.id):
            if entry.state is EntryState.PENDING:
                result = await self.queue.cancel_job(entry.job_id, problem)
                log.info("job %s: cancelled with its contest: %s", entry.job_id, result)
