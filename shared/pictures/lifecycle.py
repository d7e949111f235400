"""The lifecycle rule of the bucket: it deletes pictures that are left over, long after any job may need it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

RULE_ID: Final = "pentimento-pictures"
RETENTION_DAYS: Final = 400
PARKED_DAYS: Final = 365
"""How long a picture is kept whose server's queue is paused (`add_to_parked` in lua/stages.lua)."""

_DAY_SECONDS: Final = 86400

Rule = dict[str, Any]


def compute_least_days(image_ttl_seconds: int = _DAY_SECONDS) -> int:
    """Compute after how many days no job needs a picture: a year of a pause, then a day each as job and dead letter.

    `image_ttl_seconds` is QUEUE_IMAGE_TTL_SECONDS, in place of that day.
    """
    return PARKED_DAYS + 2 * math.ceil(image_ttl_seconds / _DAY_SECONDS)


def build_rule(prefix: str, days: int = RETENTION_DAYS) -> Rule:
    """Build the rule that deletes objects with this prefix after so many days."""
    return {
        "ID": RULE_ID,
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "Expiration": {"Days": days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }


def replace_rule(rules: Iterable[Rule], rule: Rule) -> list[Rule]:
    """Add a rule to those of a bucket, in place of the one with its id."""
    return [*(other for other in rules if other.get("ID") != rule["ID"]), rule]


def find_retention_days(rules: Iterable[Rule], prefix: str) -> int | None:
    """Find after how many days all objects with a prefix are deleted; None if never."""
    return min((days for begin, days in _list_expirations(rules) if prefix.startswith(begin)), default=None)


def find_early_days(rules: Iterable[Rule], prefix: str, least_days: int) -> int | None:
    """Find after how many days some object with a prefix is deleted, if that is too early; None if it is not."""
    early = [
        days
        for begin, days in _list_expirations(rules, with_further_conditions=True)
        if days < least_days and (prefix.startswith(begin) or begin.startswith(prefix))
    ]
    return min(early, default=None)


def _list_expirations(rules: Iterable[Rule], *, with_further_conditions: bool = False) -> Iterable[tuple[str, int]]:
    """List the prefixes of the rules in force with their days; a date counts as no day at all."""
    for rule in rules:
        expiration = rule.get("Expiration", {})
        selection: Mapping[str, Any] = rule.get("Filter", rule)
        is_plain = selection.keys().isdisjoint({"And", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan"})
        if rule.get("Status") != "Enabled" or not (is_plain or with_further_conditions):
            continue
        if "Days" in expiration or "Date" in expiration:
            yield selection.get("And", selection).get("Prefix", ""), int(expiration.get("Days", 0))
