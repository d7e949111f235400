"""The auditor: what must hold for everything that is in Redis, whichever command was the last one."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from shared.queue.schema import REDIS_KEYS, RedisKey
from tests.fuzz.queue_dump import QueueDump

STAGES: Final = ("prepare", "generate")
PLACEHOLDERS: Final = {"stage": "prepare|generate", "scope": r"(?:user|batch|channel|guild)-\d+", "job": r"\d+"}
ENDED_STATES: Final = {"finished", "delivered"}
NEEDED_FIELDS: Final = {"finished": {"job", "state", "model", "tenant"}, "delivered": {"job", "state", "model"}}
PLACE_FIELDS: Final = {"tenant", "subtenant", "cost", "priority", "scopes", "resumed_at", "crashes", "call_started"} | {
    f"{tag}:{stage}" for tag in ("start_tag", "inner_tag") for stage in STAGES
}
MAX_UNKNOWN_CALLS: Final = 2
"""The call that is not repeated counts, too, if the bot has learned of it from the database."""

_PATTERNS: Final = [
    (
        key,
        re.compile(
            re.sub(r"\\{(\w+)\\}", lambda found: f"(?:{PLACEHOLDERS.get(found[1], '[^:]+')})", re.escape(key.pattern))
        ),
    )
    for key in REDIS_KEYS
]


def audit_queue(dump: QueueDump) -> list[str]:
    """List what is wrong, in words; an empty list if nothing is."""
    return [
        *_audit_schema(dump),
        *_audit_open_jobs(dump),
        *(problem for job_id, job in dump.jobs.items() for problem in _audit_job(dump, job_id, job)),
        *_audit_pictures(dump),
        *_audit_places(dump),
        *_audit_leases(dump),
        *_audit_slots(dump),
        *_audit_orders(dump),
    ]


@cache
def find_key(name: str) -> RedisKey | None:
    """Find the kind of key that the schema describes; the name of a scope is also a possible name of a model."""
    found = [key for key, pattern in _PATTERNS if pattern.fullmatch(name)]
    return min(found, key=lambda key: "{scope}" not in key.pattern, default=None)


def parse_scopes(job: Mapping[str, str]) -> dict[str, int]:
    """Parse the scopes of a job, narrowest first, with their limits on running jobs."""
    words = job.get("scopes", "").split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


def get_queue_model(stage: str, job: Mapping[str, str]) -> str:
    return "-" if stage == "prepare" else job.get("model", "-")


def get_turn_tenant(job: Mapping[str, str]) -> str:
    return f"low-{job['tenant']}" if job.get("priority") == "low" else job.get("tenant", "")


def _audit_schema(dump: QueueDump) -> Iterator[str]:
    """Every key is in the schema, with its type, its fields, and an expiry if it has to have one."""
    for name, stored in dump.keys.items():
        key = find_key(name)
        if key is None or key.type != stored.type:
            yield f"{name} ({stored.type}) is not in the schema"
            continue
        if key.type == "hash" and key.fields and set(stored.value) - set(key.fields):
            yield f"{name} has fields that are not in the schema: {set(stored.value) - set(key.fields)}"
        is_job = key.pattern == "job:{job}"
        must_expire = stored.value.get("state") == "delivered" if is_job else key.ttl is not None
        if must_expire != (stored.ttl_ms >= 0):
            yield f"{name} expires in {stored.ttl_ms} ms, though it {'has to' if must_expire else 'must not'} expire"


def _audit_open_jobs(dump: QueueDump) -> Iterator[str]:
    """Each job is open until it is delivered, and counts towards its scopes until then."""
    open_jobs = {job_id for job_id, job in dump.jobs.items() if job.get("state") != "delivered"}
    if open_jobs != set(dump.get_scores("open_jobs")):
        yield f"open_jobs holds {sorted(dump.get_scores('open_jobs'))} and not {sorted(open_jobs)}"
    members = defaultdict[str, set[str]](set)
    for job_id in open_jobs:
        for scope in parse_scopes(dump.jobs[job_id]):
            members[scope].add(job_id)
    stored = {name[1]: set(dump.get_members(":".join(name))) for name in dump.list_names("open", 2)}
    if stored != dict(members):
        yield f"open:… holds {stored} and not {dict(members)}"


def _audit_job(dump: QueueDump, job_id: str, job: Mapping[str, str]) -> Iterator[str]:
    """A job's outcome and counters agree with its state."""
    state = job.get("state", "unknown")
    if not NEEDED_FIELDS.get(state, {"job", "state", "model", "tenant", "stage"}) <= set(job):
        yield f"job {job_id} is no whole job: {dict(job)}"
        return
    if state == "delivered" and PLACE_FIELDS & set(job):
        yield f"job {job_id} is delivered and keeps {sorted(PLACE_FIELDS & set(job))}"
    if state == "finished" and not any(fields["job_id"] == job_id for _, fields in dump.get_entries("outcomes")):
        yield f"job {job_id} has ended, and its outcome is not in the stream"
    if (state == "finished") != ("outcome" in job) and state != "delivered":
        yield f"job {job_id} is {state}, and its outcome is {job.get('outcome')}"
    counts = [int(job.get(name, 0)) for name in ("claims", "calls", "unknown_calls", "crashes")]
    if min(counts) < 0 or counts[2] > MAX_UNKNOWN_CALLS:
        yield f"job {job_id} has impossible counts: {counts}"


def _audit_pictures(dump: QueueDump) -> Iterator[str]:
    """There are no pictures but those that a job needs in its state."""
    ended = {"prepared", "result"}
    needed = {"preparing": {"upload"}, "queued": {"prepared"}, "running": {"prepared"}, "finished": ended}
    for kind in ("upload", "prepared", "result"):
        for _, job_id in dump.list_names(kind, 2):
            state = dump.jobs.get(job_id, {}).get("state", "unknown")
            if kind not in needed.get(state, set()):
                yield f"{kind}:{job_id} is left of a job that is {state}"


def _audit_places(dump: QueueDump) -> Iterator[str]:
    """Each job that has not ended is in exactly one place: ready, blocked, delayed, parked or under a lease."""
    places = _list_places(dump)
    for job_id, job in dump.jobs.items():
        state, stage, found = job.get("state"), job.get("stage"), places.pop(job_id, [])
        if len(found) != (0 if state in ENDED_STATES else 1):
            yield f"job {job_id} is {state} and in {len(found)} places: {found}"
        if any(not place.endswith(f" in {stage}") for place in found):
            yield f"job {job_id} is in stage {stage} and in {found}"
        is_leased = any(place.startswith("leases") for place in found)
        if is_leased != ("claim_token" in job) or (state == "running") != (is_leased and stage == "generate"):
            yield f"job {job_id} is {state} and in {found}, with the claim token {job.get('claim_token')}"
    for job_id, found in places.items():
        yield f"job {job_id} is in {found} and has no hash"
    for _, stage, model in dump.list_names("ready", 3):
        if model not in dump.get_members(f"ready_models:{stage}"):
            yield f"no claim looks for ready jobs of {model} in {stage}"
    for _, guild in dump.list_names("parked", 2):
        if guild not in dump.get_members("parked_guilds"):
            yield f"nobody would unpark the jobs of {guild}"


def _list_places(dump: QueueDump) -> defaultdict[str, list[str]]:
    places = defaultdict[str, list[str]](list)
    for kind, parts in (("ready", 3), ("blocked", 3), ("delayed", 2), ("parked", 2), ("leases", 2)):
        for name in dump.list_names(kind, parts):
            for job_id in dump.get_scores(":".join(name)):
                places[job_id].append(f"{kind} in {'generate' if kind == 'parked' else name[1]}")
    return places


def _audit_leases(dump: QueueDump) -> Iterator[str]:
    """The leases, the claim tokens and the jobs that count as claimed are the same."""
    for stage in STAGES:
        leases = set(dump.get_scores(f"leases:{stage}"))
        tokens = Counter(dump.get_hash(f"claim_tokens:{stage}").values())
        if tokens != Counter(leases):
            yield f"leases:{stage} holds {sorted(leases)}, and the claim tokens {dict(tokens)}"
        for token, job_id in dump.get_hash(f"claim_tokens:{stage}").items():
            if dump.jobs.get(job_id, {}).get("claim_token") != token:
                yield f"job {job_id} is not claimed under {token}"
        expected = defaultdict[str, set[str]](set)
        for job_id in leases & set(dump.jobs):
            job = dump.jobs[job_id]
            account = job.get("account", "default") if stage == "generate" else "default"
            suffix = "" if account == "default" else f":{account}"
            expected[f"claimed:{stage}:{get_queue_model(stage, job)}{suffix}"].add(job_id)
        names = [name for name in dump.keys if name.startswith(f"claimed:{stage}:")]
        stored = {name: set(dump.get_members(name)) for name in names}
        if stored != dict(expected):
            yield f"the claimed jobs are {stored} and not {dict(expected)}"


def _audit_slots(dump: QueueDump) -> Iterator[str]:
    """No more jobs hold slots than may run; those that run hold all of theirs; none waits for one that is free."""
    for _, stage, scope in dump.list_names("slots", 3):
        for job_id in dump.get_members(f"slots:{stage}:{scope}"):
            job = dump.jobs.get(job_id, {})
            if job.get("stage") != stage or job.get("state") in ENDED_STATES or scope not in parse_scopes(job):
                yield f"job {job_id} holds a slot of {scope} in {stage}"
    for stage in STAGES:
        leases = dump.get_scores(f"leases:{stage}")
        for job_id, job in dump.jobs.items():
            for scope, limit in parse_scopes(job).items():
                slots = dump.get_members(f"slots:{stage}:{scope}")
                if limit and len(slots) > limit:
                    yield f"{len(slots)} of {limit} slots of {scope} are taken in {stage}"
                if limit and job_id in leases and job_id not in slots:
                    yield f"job {job_id} runs without a slot of {scope}"
                is_blocked = job_id in dump.get_scores(f"blocked:{stage}:{scope}")
                if is_blocked and len(slots) < limit:
                    yield f"job {job_id} is blocked on {scope}, which has free slots"


def _audit_orders(dump: QueueDump) -> Iterator[str]:
    """Every order that a job waits in holds it by the tags that it has, and holds no other."""
    expected = defaultdict[str, dict[str, float]](dict)
    for stage in STAGES:
        leases = dump.get_scores(f"leases:{stage}")
        delayed = dump.get_scores(f"delayed:{stage}")
        for job_id, job in dump.jobs.items():
            scopes = parse_scopes(job)
            if job.get("state") in ENDED_STATES or job.get("stage") != stage or job_id in leases:
                continue
            if any(job_id in dump.get_scores(f"parked:{scope}") for scope in scopes):
                continue
            model, tenant = get_queue_model(stage, job), get_turn_tenant(job)
            tag, inner_tag = float(job.get(f"start_tag:{stage}", 0)), job.get(f"inner_tag:{stage}")
            blocked = next((s for s in scopes if job_id in dump.get_scores(f"blocked:{stage}:{s}")), None)
            kind, where = ("blocked", blocked) if blocked else ("ready", model)
            limited = [scope for scope, limit in scopes.items() if limit]
            names = [f"queued:{stage}:{each}" for each in (model, *limited)]
            names += [] if job_id in delayed else [f"{kind}:{stage}:{where}"]
            for name in names:
                expected[name][job_id] = tag
            if inner_tag is not None:
                expected[f"queued:{stage}:{model}:{tenant}"][job_id] = tag
                expected[f"turns:{stage}:{model}:{tenant}"][job_id] = float(inner_tag)
                if job_id not in delayed:
                    expected[f"{kind}_turns:{stage}:{where}:{tenant}"][job_id] = float(inner_tag)
    kinds = ("queued:", "turns:", "ready:", "ready_turns:", "blocked:", "blocked_turns:")
    stored = {name: dict(key.value) for name, key in dump.keys.items() if name.startswith(kinds)}
    if stored != dict(expected):
        yield f"the orders hold {_subtract(stored, expected)} and not {_subtract(expected, stored)}"


def _subtract(
    left: Mapping[str, Mapping[str, float]], right: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    return {name: dict(value) for name, value in left.items() if right.get(name) != value}
