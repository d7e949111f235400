"""Names of the keys in Redis that Python code uses; `shared.queue.schema` describes all of them, and their fields.

Bots and workers of different releases may share one Redis: a changed name forgets the jobs in flight.
"""

import re
from dataclasses import dataclass
from typing import Final

from shared.accounts import DEFAULT_ACCOUNT

DEFAULT_KEY_PREFIX: Final = "pentimento:"

_PREFIX: Final = re.compile(r"[\w.:-]*(?:\{[\w.:-]+\}[\w.:-]*)?:", re.ASCII)
_MAX_PREFIX_LENGTH: Final = 64

CONSUMER_GROUP: Final = "bot"
"""The group in which bots of earlier releases read outcomes; theirs are acknowledged in it."""


def parse_key_prefix(text: str) -> str:
    """Check a prefix of keys, and return it. Raises `ValueError`."""
    if len(text) > _MAX_PREFIX_LENGTH or not _PREFIX.fullmatch(text):
        raise ValueError(
            f"it is not a prefix of keys. Write at most {_MAX_PREFIX_LENGTH} letters, digits and ._-: with a colon at "
            "the end, some of them in one pair of braces for a cluster, such as {pentimento}:"
        )
    return text


@dataclass(frozen=True)
class KeyNames:
    """The names of the keys behind one prefix, REDIS_KEY_PREFIX."""

    prefix: str = DEFAULT_KEY_PREFIX

    @property
    def celery_prefix(self) -> str:
        return f"{self.prefix}celery:"

    @property
    def open_jobs(self) -> str:
        return f"{self.prefix}open_jobs"

    @property
    def outcome_stream(self) -> str:
        return f"{self.prefix}outcomes"

    @property
    def dead_letters(self) -> str:
        return f"{self.prefix}dead_letters"

    @property
    def incoming_picture(self) -> str:
        return f"{self.prefix}incoming_picture"

    @property
    def leader(self) -> str:
        return f"{self.prefix}leader"

    @property
    def bots(self) -> str:
        return f"{self.prefix}bots"

    @property
    def delivery_partitions(self) -> str:
        return f"{self.prefix}delivery_partitions"

    @property
    def format(self) -> str:
        return f"{self.prefix}format"

    @property
    def accounts(self) -> str:
        return f"{self.prefix}accounts"

    @property
    def sweep(self) -> str:
        return f"{self.prefix}sweep"

    @property
    def clock_offset(self) -> str:
        return f"{self.prefix}clock_offset"

    @property
    def call_log(self) -> str:
        return f"{self.prefix}call_log"

    @property
    def malformed_tickets(self) -> str:
        return f"{self.celery_prefix}malformed_tickets"

    @property
    def no_such_key(self) -> str:
        """A key that never exists. A script that begins with deleting it may write to a full Redis: see lib.lua."""
        return f"{self.prefix}no_such_key"

    def job_key(self, job_id: str) -> str:
        return f"{self.prefix}job:{job_id}"

    def open_jobs_key(self, scope: str) -> str:
        return f"{self.prefix}open:{scope}"

    def leases_key(self, stage: str) -> str:
        return f"{self.prefix}leases:{stage}"

    def ticket_list_key(self, stage: str) -> str:
        """Name the list in which Celery's broker keeps the tickets of a stage."""
        return f"{self.celery_prefix}{stage}"

    def upload_key(self, job_id: str) -> str:
        return f"{self.prefix}upload:{job_id}"

    def prepared_key(self, job_id: str) -> str:
        return f"{self.prefix}prepared:{job_id}"

    def result_key(self, job_id: str) -> str:
        return f"{self.prefix}result:{job_id}"

    def dead_letter_key(self, job_id: str) -> str:
        return f"{self.prefix}dead_letter:{job_id}"

    def dead_letter_picture_key(self, job_id: str) -> str:
        return f"{self.prefix}dead_letter_picture:{job_id}"

    def disabled_model_key(self, model: str) -> str:
        return f"{self.prefix}disabled_model:{model}"

    def pace_key(self, model: str, account: str = DEFAULT_ACCOUNT) -> str:
        """Name the pace of a model in an AWS account."""
        return f"{self.prefix}pace:{model}" + ("" if account == DEFAULT_ACCOUNT else f":{account}")

    def call_durations_key(self, model: str) -> str:
        return f"{self.prefix}call_durations:{model}"

    def identify_key(self, bucket: int) -> str:
        return f"{self.prefix}identify:{bucket}"

    def followup_key(self, job_id: str) -> str:
        return f"{self.prefix}followup:{job_id}"

    def draft_key(self, draft_id: str) -> str:
        return f"{self.prefix}draft:{draft_id}"

    def saved_searches_key(self, user_id: int) -> str:
        return f"{self.prefix}saved_searches:{user_id}"


DEFAULT_KEYS: Final = KeyNames()
