"""When people ask, and who: a year by the hour, and each request of some of its hours."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from shared.catalogue import load_catalogue
from tests.simulation.assumptions import DAY_PROFILE, WEEK_PROFILE, ZONES, Assumptions

YEAR_START: Final = 1_798_761_600
"""Friday, 1 January 2027, 00:00 UTC, in Unix seconds."""
YEAR_HOURS: Final = 365 * 24
WEEK_HOURS: Final = 7 * 24
FIRST_WEEKDAY: Final = 4
_LARGE_MEAN: Final = 500
_CHANNELS: Final = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person asks for: at a time in seconds from the start of the year, so many pictures of one model."""

    time: float
    user: int
    guild: int
    model: str
    pictures: int
    has_picture: bool
    is_heavy: bool

    @property
    def channel(self) -> int:
        """One of the channels of the server."""
        return self.guild * _CHANNELS + self.user % _CHANNELS


@dataclass(frozen=True, slots=True)
class BatchAsk:
    """A batch that a team sends in."""

    time: float
    number: int
    guild: int
    team: int
    weight: float
    items: int
    model: str
    is_low: bool


class Year:
    """The number of visits in each hour of each time zone, drawn from a seed."""

    def __init__(self, assumptions: Assumptions, seed: int) -> None:
        self.assumptions = assumptions
        self._seed = seed
        rng = random.Random(f"year {seed}")
        noise = [rng.lognormvariate(0, assumptions.day_noise) for _ in range(YEAR_HOURS // 24 + 1)]
        surges = set[int]()
        for _ in range(assumptions.surges_per_year):
            start = rng.randrange(YEAR_HOURS)
            surges.update(range(start, start + assumptions.surge_hours))
        daily = assumptions.people * assumptions.requests_per_person_day / assumptions.requests_per_visit
        self.visits: list[tuple[int, ...]] = []
        for hour in range(YEAR_HOURS):
            common = daily / 24 * noise[hour // 24] * (assumptions.surge_factor if hour in surges else 1)
            common *= 1 + assumptions.season * math.cos(2 * math.pi * (hour / 24 - 15) / 365)
            means = [common * zone.share * _get_rhythm(hour + zone.hours_ahead) for zone in ZONES]
            self.visits.append(tuple(_draw_poisson(rng, mean) for mean in means))

    @property
    def hourly_requests(self) -> list[float]:
        """The requests in each hour of the year: the visits that begin in it, by the mean requests of a visit."""
        return [sum(visits) * self.assumptions.requests_per_visit for visits in self.visits]

    def list_weeks(self) -> list[float]:
        """List the requests of each whole week."""
        hours = self.hourly_requests
        return [sum(hours[start : start + WEEK_HOURS]) for start in range(0, YEAR_HOURS - WEEK_HOURS + 1, WEEK_HOURS)]

    def find_weeks(self) -> dict[str, int]:
        """Find the first hours of the quietest week, a usual one (the median), and the one with the busiest hour."""
        weeks, hours = self.list_weeks(), self.hourly_requests
        order = sorted(range(len(weeks)), key=weeks.__getitem__)
        busiest = max(range(len(weeks) * WEEK_HOURS), key=hours.__getitem__) // WEEK_HOURS
        chosen = {"quiet": order[0], "usual": order[len(order) // 2], "peak": busiest}
        return {name: week * WEEK_HOURS for name, week in chosen.items()}

    def make_asks(self, first_hour: int, hours: int) -> Iterator[Ask]:
        """Make the requests of these hours, in the order of time. The same hours have the same requests always."""
        pending: list[Ask] = []
        for hour in range(first_hour, first_hour + hours):
            rng = random.Random(f"hour {self._seed} {hour}")
            for zone, visits in enumerate(self.visits[hour]):
                for _ in range(visits):
                    pending += self._make_visit(rng, hour, zone)
            pending.sort(key=lambda ask: ask.time)
            end = (hour + 1) * 3600
            yield from (ask for ask in pending if ask.time < end)
            pending = [ask for ask in pending if ask.time >= end]

    def make_batches(self, first_hour: int, hours: int) -> list[BatchAsk]:
        """Make the batches that are sent in during these hours: in working hours of their server's time zone."""
        assumptions, made = self.assumptions, list[BatchAsk]()
        daily = assumptions.servers * assumptions.batches_per_server_week / 5
        for hour in range(first_hour, first_hour + hours):
            rng = random.Random(f"batches {self._seed} {hour}")
            for zone in ZONES:
                local = hour + zone.hours_ahead
                if not (9 <= local % 24 < 18 and (local // 24 + FIRST_WEEKDAY) % 7 < 5):
                    continue
                for _ in range(_draw_poisson(rng, daily * zone.share / 9)):
                    guild = 1 + rng.randrange(assumptions.servers)
                    items = min(999, max(2, round(assumptions.batch_items * 4 ** rng.triangular(-1, 1, -0.3))))
                    weight = assumptions.team_weights[guild % len(assumptions.team_weights)]
                    time, model = 3600 * (hour + rng.random()), _draw(rng, assumptions.series_models)
                    is_low = rng.random() < assumptions.low_priority_share
                    number = 1000 * hour + len(made) % 1000
                    made.append(BatchAsk(time, number, guild, guild, weight, items, model, is_low))
        return sorted(made, key=lambda batch: batch.time)

    def _make_visit(self, rng: random.Random, hour: int, zone: int) -> Iterator[Ask]:
        assumptions = self.assumptions
        people = max(1, round(assumptions.people * ZONES[zone].share))
        flat = max(1.0, people * assumptions.busy_rank_share)
        # The rank of a person by Zipf-Mandelbrot with exponent 1, by inversion of its continuous form
        rank = min(people - 1, int(flat * ((people + flat) / flat) ** rng.random() - flat))
        user = rank * len(ZONES) + zone + 1
        guild = 1 + int(assumptions.servers * ((user * 2_654_435_761 % 2**32) / 2**32) ** 2)
        time = 3600 * (hour + rng.random())
        while True:
            draw, pictures = rng.random(), 1
            for count, share in assumptions.explorations.items():
                if draw < share:
                    pictures = count
                    break
                draw -= share
            model = _draw(rng, assumptions.single_models if pictures == 1 else assumptions.series_models)
            has_picture = rng.random() < assumptions.picture_share
            reads = READS_PICTURES[model]
            has_picture = reads == "required" or (reads == "optional" and has_picture)
            yield Ask(time, user, guild, model, pictures, has_picture, rank < people / 100)
            if rng.random() < 1 / assumptions.requests_per_visit:
                return
            time += rng.expovariate(1 / assumptions.pause_seconds)


READS_PICTURES: Final = {model.key: model.picture for model in load_catalogue()}


def find_busiest_hours(requests: Sequence[float], first_hour: int, hours: int) -> int:
    """Find the first of so many hours in a row of a week that have the most requests together."""
    starts = range(first_hour, first_hour + WEEK_HOURS - hours + 1)
    return max(starts, key=lambda start: sum(requests[start : start + hours]))


def _get_rhythm(local_hour: int) -> float:
    return DAY_PROFILE[local_hour % 24] * WEEK_PROFILE[(local_hour // 24 + FIRST_WEEKDAY) % 7]


def _draw(rng: random.Random, shares: Mapping[T, float]) -> T:
    return rng.choices(list(shares), list(shares.values()))[0]


def _draw_poisson(rng: random.Random, mean: float) -> int:
    """Draw from a Poisson distribution; above 500 from the normal one that it then is nearly."""
    if mean > _LARGE_MEAN:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    count, product, limit = 0, rng.random(), math.exp(-mean)
    while product > limit:
        count += 1
        product *= rng.random()
    return count
