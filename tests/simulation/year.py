"""Simulates a year of many servers, with hours of chosen weeks on the real scripts, and reports waits, costs and needs.

    python -m tests.simulation.year --seed 1 --people 100000 --servers 1000 --weeks quiet,usual,peak,outage --hours 3

The whole year's visits are drawn by the hour. Of each chosen week, its busiest hours in a row are driven through the
scripts of the queue on a real Redis with a simulated clock: each request, claim, call and delivery. `outage` is the
usual week with the default model down for an hour. The report is JSON; what is below `measured` depends on the machine,
everything else only on the options and the seed. Exit code 0; 1 if a job was lost.
"""

# ruff: noqa: T201 - the answers of a command line

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from demo.redis import run_redis
from shared.catalogue import Catalogue, load_catalogue
from tests.simulation.arrivals import WEEK_HOURS, Year, find_busiest_hours
from tests.simulation.assumptions import Assumptions
from tests.simulation.bedrock import Outage
from tests.simulation.capacity import Capacity, plan_capacity
from tests.simulation.needs import estimate_needs
from tests.simulation.simulated_queue import SimulatedQueue
from tests.simulation.simulation import Simulation

WEEKS: Final = ("quiet", "usual", "peak", "outage")
PEOPLE_PER_SERVER: Final = 100


def simulate_week(
    redis_url: str, year: Year, capacity: Capacity, catalogue: Catalogue, *, name: str, hours: int, seed: int
) -> dict[str, Any]:
    """Simulate the busiest hours of a week, on a Redis that is emptied before."""
    week = year.find_weeks()["usual" if name == "outage" else name]
    first_hour = find_busiest_hours(year.hourly_requests, week, hours)
    outage = None
    if name == "outage":
        start = 3600 * (find_busiest_hours(year.hourly_requests, week, 1) if hours > 24 else first_hour + hours / 6)
        outage = Outage(catalogue.default, start, start + 3600 * year.assumptions.outage_hours)
    rented = capacity.build_catalogue(catalogue)
    queue = SimulatedQueue(redis_url, rented)
    try:
        report = Simulation(queue, rented, year, capacity, seed, outage).run(first_hour, hours)
    finally:
        queue.close()
    outage_start = outage.start if outage else None
    return {"first_hour": first_hour, "hours": hours, "outage_start": outage_start, **report}


def simulate_year(
    assumptions: Assumptions, *, seed: int, weeks: tuple[str, ...], hours: int, factor: float, is_paced: bool
) -> dict[str, Any]:
    """Simulate the chosen weeks of a year, and build the report."""
    catalogue, year = load_catalogue(), Year(assumptions, seed)
    capacity = plan_capacity(year, catalogue, factor, is_paced=is_paced)
    hourly = year.hourly_requests
    report: dict[str, Any] = {
        "seed": seed,
        "people": assumptions.people,
        "servers": assumptions.servers,
        "requests_per_person_day": assumptions.requests_per_person_day,
        "capacity": capacity.build_report(),
        "requests_a_year": round(sum(hourly)),
        "requests_by_day": [round(sum(hourly[day * 24 : day * 24 + 24])) for day in range(365)],
        "weeks": {},
    }
    with run_redis("--appendonly", "no") as server:  # a busy disk would be measured otherwise
        for name in weeks:
            print(f"{name}: {hours} h of {assumptions.people:,} people …", file=sys.stderr)
            report["weeks"][name] = simulate_week(
                server.url, year, capacity, catalogue, name=name, hours=hours, seed=seed
            )
    report["needs"] = estimate_needs(report, assumptions, catalogue)
    return report


def main() -> int:
    """Read the command line, simulate, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.year", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=100_000, help="who use the bot in a month")
    parser.add_argument("--servers", type=int, default=0, help=f"default: one for {PEOPLE_PER_SERVER} people")
    parser.add_argument("--requests-per-day", type=float, default=Assumptions().requests_per_person_day)
    parser.add_argument("--weeks", default=",".join(WEEKS), help=f"of {', '.join(WEEKS)}")
    parser.add_argument(
        "--hours", type=int, default=3, help="the busiest hours of each week that are simulated, 1 to 168"
    )
    parser.add_argument("--calls", type=float, default=1.0, help="which part of the planned calls is rented")
    parser.add_argument(
        "--paced", action="store_true", help="spread the calls of a minute by per_minute of the catalogue"
    )
    parser.add_argument("--output", type=Path, default=Path("year.json"))
    options = parser.parse_args()
    weeks = tuple(options.weeks.split(","))
    if not set(weeks) <= set(WEEKS) or not 1 <= options.hours <= WEEK_HOURS or options.people < 1 or options.calls <= 0:
        parser.error(f"--weeks takes {', '.join(WEEKS)}; --hours 1 to {WEEK_HOURS}; --people and --calls above 0")
    assumptions = replace(
        Assumptions(),
        people=options.people,
        servers=options.servers or max(1, options.people // PEOPLE_PER_SERVER),
        requests_per_person_day=options.requests_per_day,
    )
    report = simulate_year(
        assumptions,
        seed=options.seed,
        weeks=weeks,
        hours=options.hours,
        factor=options.calls,
        is_paced=options.paced,
    )
    options.output.write_text(json.dumps(report, indent=1) + "\n")
    print(f"{options.output} is written")
    return int(any(week["lost"] for week in report["weeks"].values()))


if __name__ == "__main__":
    sys.exit(main())
