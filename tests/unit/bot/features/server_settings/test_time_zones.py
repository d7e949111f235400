"""A time zone is found however it is spelled, and a wrong name gets the zones that may have been meant."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.features.server_settings.time_zones import COMMON_ZONES, find_time_zone, format_zone
from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT
from shared.problems import RejectedError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *((text, "Europe/Paris") for text in ("Europe/Paris", "europe/paris", "EUROPE PARIS", "Europé/Pàris ")),
        ("america/argentina/buenos_aires", "America/Argentina/Buenos_Aires"),
        ("GMT", "GMT"),
    ],
)
def test_a_zone_is_found_however_it_is_spelled(text: str, name: str) -> None:
    assert find_time_zone(text) == name


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Paris", "Europe/Paris"),
        ("paris, france", "Europe/Paris"),
        ("New York", "America/New_York"),
        ("Europe/Pariss", "Europe/Paris"),
        ("Sao Paulo", "America/Sao_Paulo"),
        ("são  paulo", "America/Sao_Paulo"),
        ("Aukland", "Pacific/Auckland"),
        ("my place", "Europe/Paris"),
        ("x" * 5000, "Europe/Paris"),
    ],
)
def test_a_wrong_name_gets_suggestions(text: str, first: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        find_time_zone(text)

    (problem,) = rejected.value.problems
    suggested = str(problem.facts["zones"]).split(", ")
    assert suggested[0] == first
    assert all(ZoneInfo(zone) for zone in suggested)
    assert len(suggested) <= 3
    assert len(str(problem.facts["value"])) <= 60


def test_common_zones_exist_and_leave_room_for_another_one() -> None:
    offsets = [datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)).utcoffset() for zone in COMMON_ZONES]

    assert offsets == sorted(offsets)  # type: ignore[type-var]  # no zone is without one
    assert len(COMMON_ZONES) == len(set(COMMON_ZONES)) < SELECT_OPTIONS_LIMIT


def test_a_zone_is_shown_with_its_present_difference_to_utc() -> None:
    winter, summer = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)

    assert format_zone("Europe/Paris", winter) == "Europe/Paris (UTC+01:00)"
    assert format_zone("Europe/Paris", summer) == "Europe/Paris (UTC+02:00)"
    assert format_zone("UTC", winter) == "UTC"
    assert format_zone("Europe/Atlantis", winter) == "Europe/Atlantis"
