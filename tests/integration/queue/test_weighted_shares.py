"""Seeded simulations through the real scripts: shares by weight, and single requests beside a large batch."""

import random
import statistics
from collections import Counter

from bot.queue.limits import ScopeLimits
from shared.catalogue import Catalogue
from shared.job import TeamRef
from tests.support.queue_simulation import BATCH_WINDOW, Simulation, jain_index, make_batch_items
from tests.support.redis_queue import claim_job, make_job, open_bot_queue
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

UNLIMITED = ScopeLimits()


async def test_turns_between_people_and_teams_are_weighted_and_equal_inside_a_team(
    redis_url: str, catalogue: Catalogue, worker_queue: WorkerJobQueue
) -> None:
    """500 jobs of tenants that always have more: the shares by weight, in a random order of submission."""
    weights = {1: 0.25, 2: 0.5, 3: 1.0, 4: 2.0, 5: 4.0}
    teams = {number: TeamRef(id=number, name="", weight=weight) for number, weight in weights.items()}
    rng, number = random.Random(14), 1000
    waiting: Counter[tuple[int, int]] = Counter()
    served: Counter[tuple[int, int]] = Counter()

    async with open_bot_queue(redis_url, catalogue, user=UNLIMITED, batch=UNLIMITED) as queue:
        for _ in range(500):
            # Each team has two members and a batch, person 6 is alone; who has fewer than three jobs sends others.
            sources = [(team, member) for team in [*teams, 0] for member in ((0, 1, 2) if team else (0,))]
            rng.shuffle(sources)
            for team, member in sources:
                while waiting[team, member] < 3:
                    number += 1
                    user = 10 * team + max(member, 1) if team else 6
                    batch = str(team) if team and member == 0 else None
                    await queue.enqueue_job(make_job(number, user, team=teams.get(team), batch=batch), None)
                    waiting[team, member] += 1
            job = claim_job(worker_queue).job
            source = (job.team.id if job.team else 0, 0 if job.batch or not job.team else job.requester.id % 10)
            waiting[source] -= 1
            served[source] += 1

    of_tenants = {team: sum(count for (one, _), count in served.items() if one == team) for team in [*teams, 0]}
    assert jain_index([count / weights.get(team, 1.0) for team, count in of_tenants.items()]) >= 0.98
    for team in teams:
        inside = [served[team, member] for member in range(3)]
        assert max(inside) - min(inside) <= 2, (team, inside)


def test_beside_a_batch_of_500_items_forty_members_wait_as_without_it(redis_url: str) -> None:
    """Some minutes of a busy server, with simulated calls: the same pauses and calls with and without the batch."""
    alone = Simulation(redis_url, seed=1)
    alone.run(300)

    for team in (None, TeamRef(id=9, name="Posters")):
        beside = Simulation(redis_url, seed=1)
        beside.run(300, make_batch_items(500, team), window=BATCH_WINDOW)

        assert statistics.mean(beside.waits) <= 1.1 * statistics.mean(alone.waits)
        assert max(beside.waits) <= 1.25 * max(alone.waits)
        assert beside.heavy_count >= min(beside.finished_counts.values())
