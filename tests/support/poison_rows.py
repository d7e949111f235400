"""Plants rows in Redis that this release cannot read, in the place of those that it wrote or beside them."""

from typing import Any

import redis

from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage

UNREADABLE_JOBS = ("{", "null", '{"source_kind": "of a newer release"}')
UNREADABLE_OUTCOME = '{"kind": "animated", "frames": 24}'

# KEYS[1]: open jobs. ARGV[1]: prefix of a job's key. ARGV[2]: value. Reply: the job that waited and has the value now.
_POISON_WAITING_JOB = """
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local name = ARGV[1] .. id
  local state, claim_token, job = unpack(redis.call('HMGET', name, 'state', 'claim_token', 'job'))
  if (state == 'preparing' or state == 'queued') and not claim_token and job and #job > 100 then
    redis.call('HSET', name, 'job', ARGV[2])
    return id
  end
end
return ''
"""


def poison_waiting_job(client: redis.Redis, value: str) -> str | None:
    """Make a job unreadable that waits and that nobody has claimed; return its id, None if no job waits."""
    reply: Any = client.eval(_POISON_WAITING_JOB, 1, DEFAULT_KEYS.open_jobs, f"{DEFAULT_KEYS.prefix}job:", value)
    return reply.decode() or None


def poison_outcome(client: redis.Redis) -> tuple[str, bytes] | None:
    """Make the newest outcome unreadable; return its job and how it was, None if there is no outcome."""
    entries: Any = client.xrevrange(DEFAULT_KEYS.outcome_stream, count=1)
    if not entries or b"job_id" not in entries[0][1]:
        return None
    job = entries[0][1][b"job_id"].decode()
    outcome: Any = client.hget(DEFAULT_KEYS.job_key(job), "outcome")
    if outcome is None:
        return None
    client.hset(DEFAULT_KEYS.job_key(job), "outcome", UNREADABLE_OUTCOME)
    return job, outcome


def plant_lines(client: redis.Redis) -> None:
    """Add lines to the lists of tickets and to the streams that are none of theirs."""
    for stage in Stage:
        client.lpush(DEFAULT_KEYS.ticket_list_key(stage), b"garbage", b"{}", b"\xff\xfe")
    for stream in (DEFAULT_KEYS.outcome_stream, DEFAULT_KEYS.call_log):
        client.xadd(stream, {"written_by": "a newer release"})
