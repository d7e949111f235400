"""The lifecycle rule of the bucket: which of its rules keep pictures too briefly, and what is added to them."""

from typing import Any

import pytest

from shared.pictures.lifecycle import (
    RETENTION_DAYS,
    build_rule,
    compute_least_days,
    find_early_days,
    find_retention_days,
    replace_rule,
)

LEAST = 367


def make_rule(days: int, prefix: str, **fields: Any) -> dict[str, Any]:
    return {"ID": prefix, "Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": days}, **fields}


def test_pictures_are_kept_for_as_long_as_a_paused_server_and_a_dead_letter_need_them() -> None:
    assert compute_least_days() == LEAST
    assert compute_least_days(30 * 86400 + 1) == 365 + 62
    assert compute_least_days() <= RETENTION_DAYS


def test_our_own_rule_is_enough_and_replaces_the_one_of_before() -> None:
    others = [make_rule(3, "logs/")]
    before = replace_rule(others, build_rule("waiting/", 500))

    rules = replace_rule(before, build_rule("waiting/"))

    assert rules == [*others, build_rule("waiting/")]
    assert find_early_days(rules, "waiting/", LEAST) is None
    assert find_retention_days(rules, "waiting/") == RETENTION_DAYS


@pytest.mark.parametrize(
    ("rule", "early", "retention"),
    [
        (make_rule(400, "wait"), None, 400),
        (make_rule(30, ""), 30, 30),
        (make_rule(30, "waiting/77/"), 30, None),
        (make_rule(30, "logs/"), None, None),
        (make_rule(30, "waiting/", Status="Disabled"), None, None),
        (make_rule(30, "", Filter={"And": {"Prefix": "waiting/", "Tags": []}}), 30, None),
        (make_rule(500, "", Filter={"Tag": {"Key": "a", "Value": "b"}}), None, None),
        (make_rule(0, "waiting/", Expiration={"Date": "2027-01-01"}), 0, 0),
        (make_rule(0, "waiting/", Expiration={"ExpiredObjectDeleteMarker": True}), None, None),
        ({"ID": "old", "Status": "Enabled", "Prefix": "waiting/", "Expiration": {"Days": 7}}, 7, 7),
    ],
)
def test_another_rule_is_too_early_or_enough_or_says_nothing(
    rule: dict[str, Any], early: int | None, retention: int | None
) -> None:
    assert find_early_days([rule], "waiting/", LEAST) == early
    assert find_retention_days([rule], "waiting/") == retention
