"""Names of the keys in Redis that Python code uses; `shared.queue.schema` describes all of them, and their fields.

Bots and workers of different releases may share one Redis: a changed name forgets the jobs in flight.
"""

from typing import Final

KEY_PREFIX: Final = "pentimento:"
CELERY_KEY_PREFIX: Final = KEY_PREFIX + "celery:"
OPEN_JOBS: Final = KEY_PREFIX + "open_jobs"
OUTCOME_STREAM: Final = KEY_PREFIX + "outcomes"
DEAD_LETTERS: Final = KEY_PREFIX + "dead_letters"
INCOMING_PICTURE: Final = KEY_PREFIX + "incoming_picture"
LEADER_KEY: Final = KEY_PREFIX + "leader"
FORMAT_KEY: Final = KEY_PREFIX + "format"
CALL_LOG: Final = KEY_PREFIX + "call_log"
MALFORMED_TICKETS: Final = CELERY_KEY_PREFIX + "malformed_tickets"

CONSUMER_GROUP: Final = "bot"
CONSUMER_NAME: Final = "bot"  # one for all bots: only the leader reads, and takes over what the previous one had read


def job_key(job_id: str) -> str:
    return f"{KEY_PREFIX}job:{job_id}"


def open_jobs_key(scope: str) -> str:
    return f"{KEY_PREFIX}open:{scope}"


def leases_key(stage: str) -> str:
    return f"{KEY_PREFIX}leases:{stage}"


def ticket_list_key(stage: str) -> str:
    """Name the list in which Celery's broker keeps the tickets of a stage."""
    return CELERY_KEY_PREFIX + stage


def upload_key(job_id: str) -> str:
    return f"{KEY_PREFIX}upload:{job_id}"


def prepared_key(job_id: str) -> str:
    return f"{KEY_PREFIX}prepared:{job_id}"


def result_key(job_id: str) -> str:
    return f"{KEY_PREFIX}result:{job_id}"


def dead_letter_key(job_id: str) -> str:
    return f"{KEY_PREFIX}dead_letter:{job_id}"


def dead_letter_picture_key(job_id: str) -> str:
    return f"{KEY_PREFIX}dead_letter_picture:{job_id}"


def disabled_model_key(model: str) -> str:
    return f"{KEY_PREFIX}disabled_model:{model}"


def pace_key(model: str) -> str:
    return f"{KEY_PREFIX}pace:{model}"


def call_durations_key(model: str) -> str:
    return f"{KEY_PREFIX}call_durations:{model}"


def draft_key(draft_id: str) -> str:
    return f"{KEY_PREFIX}draft:{draft_id}"


def saved_searches_key(user_id: int) -> str:
    return f"{KEY_PREFIX}saved_searches:{user_id}"
