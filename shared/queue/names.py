"""Names that cross a process: keys in Redis, Celery's queues and tasks. They are contracts; change none lightly."""

PREFIX = "pentimento:"
CELERY_PREFIX = "pentimento:celery:"
OUTCOMES = PREFIX + "outcomes"
OPEN_JOBS = PREFIX + "open"
ARRIVING = PREFIX + "arriving"  # the pieces of a picture, within the transaction that brings them
DEAD_LETTERS = PREFIX + "dead"
GROUP = "bot"
CONSUMER = "bot"

PREPARE = "prepare"
GENERATE = "generate"
TASKS = {PREPARE: "worker.tasks.prepare", GENERATE: "worker.tasks.generate"}


def job_key(job_id: str) -> str:
    """Name the hash of a job: its JSON, state, lease, counters, times."""
    return f"{PREFIX}job:{job_id}"


def leases_key(lane: str) -> str:
    """Name the leases of a lane: ids by the time they end."""
    return f"{PREFIX}leases:{lane}"


def open_key(scope: str) -> str:
    """Name the ids of a scope's open jobs; a scope is a job's flow, `channel-<id>` or `guild-<id>`."""
    return f"{PREFIX}mine:{scope}"


def source_key(job_id: str) -> str:
    """Name the pieces of a picture as it was uploaded."""
    return f"{PREFIX}source:{job_id}"


def prepared_key(job_id: str) -> str:
    """Name the pieces of a picture as the model is to get it."""
    return f"{PREFIX}prepared:{job_id}"


def picture_key(job_id: str) -> str:
    """Name the pieces of a finished picture."""
    return f"{PREFIX}picture:{job_id}"


def draft_key(draft_id: str) -> str:
    """Name what the bot keeps while a person fills in a form."""
    return f"{PREFIX}draft:{draft_id}"


def dead_letter_key(job_id: str) -> str:
    """Name the hash of a job that was set aside."""
    return f"{PREFIX}dead:{job_id}"


def dead_picture_key(job_id: str) -> str:
    """Name the pieces of the picture of a job that was set aside: as uploaded, or as prepared."""
    return f"{PREFIX}dead:{job_id}:picture"


def ticket_list(lane: str) -> str:
    """Name the list in which Celery's broker keeps the tickets of a lane."""
    return CELERY_PREFIX + lane
