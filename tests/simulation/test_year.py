"""An hour of the simulated year on the real scripts: nothing is lost, waits are bounded, one seed has one result."""

from dataclasses import replace
from typing import Any

import pytest

from demo.redis import RedisServer
from shared.catalogue import load_catalogue
from shared.queue.scripts import load_script
from tests.simulation.arrivals import Year
from tests.simulation.assumptions import ZONES, Assumptions
from tests.simulation.capacity import plan_capacity
from tests.simulation.measurements import Fairness
from tests.simulation.plots import draw_outage, draw_waits, draw_year
from tests.simulation.simulated_queue import SCRIPTS, ClockReplacementError, replace_clock
from tests.simulation.year import simulate_week
from tests.support.redis_queue import make_job

ASSUMPTIONS = Assumptions(people=500, servers=5, batches_per_server_week=2, batch_items=16, outage_hours=0.1)
SEED = 3


@pytest.fixture(scope="module")
def year() -> Year:
    return Year(ASSUMPTIONS, SEED)


def simulate(server: RedisServer, year: Year, name: str, hours: int = 1) -> dict[str, Any]:
    catalogue = load_catalogue()
    capacity = plan_capacity(year, catalogue)
    report = simulate_week(server.url, year, capacity, catalogue, name=name, hours=hours, seed=SEED)
    report.pop("measured")
    return report


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_clock_of_each_script_is_replaced_and_nothing_else(name: str) -> None:
    script, replaced = load_script(name).splitlines(), replace_clock(load_script(name)).splitlines()

    assert [line for line in script if line not in replaced] == [
        "  local time = redis.call('TIME')",
        "  return time[1] * 1000 + math.floor(time[2] / 1000)",
    ]
    assert [line for line in replaced if line not in script] == [
        "  return tonumber(redis.call('GET', key('simulated_ms')))"
    ]


def test_a_script_that_reads_the_time_in_another_way_is_refused() -> None:
    with pytest.raises(ClockReplacementError):
        replace_clock(load_script("claim") + "\nredis.call('TIME')")


def test_the_busiest_hour_loses_nothing_waits_within_bounds_and_repeats(redis_server: RedisServer, year: Year) -> None:
    report = simulate(redis_server, year, "peak")

    assert report["lost"] == 0
    assert report["outcomes"] == report["accepted"]
    assert report["waits"]["single"]["p95"] <= 30
    assert report["waits"]["exploration"]["p95"] <= 90
    assert all(0 <= share <= 1 for share in report["utilisation"].values())
    assert report["calls"] == sum(report["outcomes"].values()) + report["throttled"]
    assert simulate(redis_server, year, "peak") == report


def test_after_an_outage_all_jobs_have_ended(redis_server: RedisServer, year: Year) -> None:
    report = simulate(redis_server, year, "outage")

    drawn = draw_outage({"people": 500, "weeks": {"outage": report}})
    crowds = report["waits_of_light_and_heavy"]
    assert report["lost"] == 0
    assert report["outcomes"] == report["accepted"]
    assert report["most_waiting"] >= 3
    assert crowds["light"]["longest"] <= 3600
    waiting_pixels = [count for count, colour in drawn.getcolors(2**24) or () if colour == (0x3A, 0x6F, 0x8F)]
    assert waiting_pixels > [1000]


def test_where_calls_are_scarce_light_users_wait_less_than_heavy_ones(redis_server: RedisServer) -> None:
    catalogue, scarce = load_catalogue(), Year(replace(ASSUMPTIONS, requests_per_person_day=1.2), SEED)
    capacity = replace(plan_capacity(scarce, catalogue), workers=1, worker_concurrency=1, quotas={})

    report = simulate_week(redis_server.url, scarce, capacity, catalogue, name="peak", hours=1, seed=SEED)

    crowds = report["waits_of_light_and_heavy"]
    assert report["lost"] == 0
    assert crowds["heavy"]["count"] >= 20
    assert crowds["light"]["p95"] <= 0.8 * crowds["heavy"]["p95"]


@pytest.mark.parametrize(("served", "index", "difference"), [((6, 6, 6), 1, 0), ((12, 6, 0), 0.6, 12)])
def test_fairness_compares_those_who_always_wait(served: tuple[int, ...], index: float, difference: float) -> None:
    fairness = Fairness("sd3.5-large")
    fairness.advance(1)
    jobs = [make_job(number, user=number) for number in range(len(served))]
    for job, count in zip(jobs, served, strict=True):
        for _ in range(count + 1):
            fairness.add(job, 1)
        for _ in range(count):
            fairness.remove(job, is_served=True)
    fairness.add(make_job(9, user=9), 300)  # it has not waited for the whole window

    fairness.advance(602)

    assert fairness.indices == [pytest.approx(index)]
    assert fairness.differences == [difference]


def test_the_year_has_the_rhythm_of_its_assumptions(year: Year) -> None:
    hours, weeks = year.hourly_requests, year.find_weeks()
    expected = 365 * ASSUMPTIONS.people * ASSUMPTIONS.requests_per_person_day
    asks = list(year.make_asks(weeks["usual"], 48))
    heavy = sum(ask.is_heavy for ask in asks) / len(asks)

    assert sum(hours) == pytest.approx(expected, rel=0.08)
    assert sum(year.visits[weeks["quiet"] + 4]) < sum(year.visits[weeks["peak"] + 20])
    assert sum(zone.share for zone in ZONES) == pytest.approx(1)
    assert 0.15 < heavy < 0.55, "the hundredth part of the people that asks most has about a third of the requests"
    assert asks == list(year.make_asks(weeks["usual"], 48))
    assert Year(ASSUMPTIONS, SEED).visits == year.visits


def test_plots_have_a_bar_for_each_class_and_a_line_for_the_year(year: Year) -> None:
    waits = {name: {"p50": 1.0, "p95": 20.0, "p99": 40.0} for name in ("single", "exploration", "batch", "low_batch")}
    days = [100.0 + day for day in range(365)]
    report = {"people": 2_000, "requests_by_day": days, "weeks": {"usual": {"first_hour": 100, "waits": waits}}}

    colours = {
        colour for image in (draw_year(report), draw_waits(report)) for _, colour in image.getcolors(2**24) or ()
    }

    assert {(0x3A, 0x6F, 0x8F), (0xC8, 0x55, 0x3D), (0x9C, 0xC3, 0xD5)} <= colours
