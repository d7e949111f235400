"""Names that cross a process: keys in Redis, Celery's queues and tasks. They are contracts; change none lightly."""

KEY_PREFIX = "pentimento:"
CELERY_KEY_PREFIX = "pentimento:celery:"
OUTCOME_STREAM = KEY_PREFIX + "outcomes"
OPEN_JOBS = KEY_PREFIX + "open"
INCOMING_PICTURE = KEY_PREFIX + "arriving"  # the pieces of a picture, within the transaction that brings them
DEAD_LETTERS = KEY_PREFIX + "dead"
CONSUMER_GROUP = "bot"
CONSUMER_NAME = "bot"

PREPARE = "prepare"
GENERATE = "generate"
TASK_NAMES = {PREPARE: "worker.tasks.prepare", GENERATE: "worker.tasks.generate"}


def job_key(job_id: str) -> str:
    """Name the hash of a job: its JSON, state, lease, counters, times."""
    return f"{KEY_PREFIX}job:{job_id}"


def leases_key(stage: str) -> str:
    """Name the leases of a lane: ids by the time they end."""
    return f"{KEY_PREFIX}leases:{stage}"


def open_jobs_key(scope: str) -> str:
    """Name the ids of a scope's open jobs; a scope is a job's flow, `channel-<id>` or `guild-<id>`."""
    return f"{KEY_PREFIX}mine:{scope}"


def upload_key(job_id: str) -> str:
    """Name the pieces of a picture as it was uploaded."""
    return f"{KEY_PREFIX}source:{job_id}"


def prepared_key(job_id: str) -> str:
    """Name the pieces of a picture as the model is to get it."""
    return f"{KEY_PREFIX}prepared:{job_id}"


def result_key(job_id: str) -> str:
    """Name the pieces of a finished picture."""
    return f"{KEY_PREFIX}picture:{job_id}"


def draft_key(draft_id: str) -> str:
    """Name what the bot keeps while a person fills in a form."""
    return f"{KEY_PREFIX}draft:{draft_id}"


def saved_searches_key(viewer_id: int) -> str:
    """Name the hash of a person's saved searches."""
    return f"{KEY_PREFIX}saved_searches:{viewer_id}"


def dead_letter_key(job_id: str) -> str:
    """Name the hash of a job that was set aside."""
    return f"{KEY_PREFIX}dead:{job_id}"


def dead_letter_picture_key(job_id: str) -> str:
    """Name the pieces of the picture of a job that was set aside: as uploaded, or as prepared."""
    return f"{KEY_PREFIX}dead:{job_id}:picture"


def ticket_list_key(stage: str) -> str:
    """Name the list in which Celery's broker keeps the tickets of a lane."""
    return CELERY_KEY_PREFIX + stage
