"""The rule of turns, worked out anew in Python from what was in Redis before and after a step."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from tests.fuzz.queue_audit import get_turn_tenant
from tests.fuzz.queue_dump import QueueDump

LOW_BASE: Final = 1e9
TOLERANCE: Final = 1e-6
MINUTE_MS: Final = 60_000


def audit_claim(
    before: QueueDump, after: QueueDump, stage: str, job_id: str | None, accounts: Sequence[str], now_ms: int
) -> list[str]:
    """List what is wrong with a claim: no job with room may wait with an earlier turn, nor any if none was claimed."""
    return list(_audit_claim(before, after, stage, job_id, accounts, now_ms))


def _audit_claim(
    before: QueueDump, after: QueueDump, stage: str, job_id: str | None, accounts: Sequence[str], now_ms: int
) -> Iterator[str]:
    room = {name[2]: _list_room(before, stage, name[2], accounts, now_ms) for name in before.list_names("ready", 3)}
    open_models = {model for model, free in room.items() if free and f"ready:{stage}:{model}" in before.keys}
    left = {other: tag for model in open_models for other, tag in after.get_scores(f"ready:{stage}:{model}").items()}
    if job_id is None:
        if left:
            yield f"nothing is claimed, and {left} could be: {room}"
        return
    job = after.jobs[job_id]
    model, account, tag = job["model"], job.get("account", "default"), float(job[f"start_tag:{stage}"])
    if model not in open_models:
        yield f"job {job_id} is claimed, and {model} has no room: {room}"
        return
    earlier = {other: found for other, found in left.items() if found < tag - TOLERANCE}
    if earlier:
        yield f"job {job_id} is claimed with the start tag {tag}, and {earlier} wait"
    running = room[model]
    if account not in running or running[account] > min(running.values()):
        yield f"job {job_id} is called in {account}, and the calls that run are {running}"
    inner_tag = job.get(f"inner_tag:{stage}")
    for other in after.get_scores(f"ready:{stage}:{model}") if inner_tag else ():
        fields = after.jobs[other]
        is_sibling = get_turn_tenant(fields) == get_turn_tenant(job) and f"inner_tag:{stage}" in fields
        if is_sibling and float(fields[f"inner_tag:{stage}"]) < float(inner_tag or 0) - TOLERANCE:
            yield f"job {job_id} is claimed, and {other} of its tenant has an earlier turn"
    time_before, time_after = (_read_virtual_time(dump, stage, tag) for dump in (before, after))
    if not math.isclose(time_after, max(time_before, tag)):
        yield f"the virtual time went from {time_before} to {time_after} with a claim at {tag}"


def _list_room(before: QueueDump, stage: str, model: str, accounts: Sequence[str], now_ms: int) -> dict[str, int]:
    """List the accounts in which a model may start a call now, each with the calls that run there."""
    if stage == "prepare":
        return {"default": 0}
    if f"disabled_model:{model}" in before.keys:
        return {}
    room = {}
    for account in accounts:
        suffix = "" if account == "default" else f":{account}"
        pace = before.get_hash(f"pace:{model}{suffix}")
        running = len(before.get_members(f"claimed:{stage}:{model}{suffix}"))
        limit = 1 if "paused_until" in pace else float(pace.get("concurrency", "inf"))
        next_at = max(float(pace.get("next_call_at", 0)), float(pace.get("paused_until", 0)))
        if running < limit and next_at <= now_ms and f"disabled_model:{model}:{account}" not in before.keys:
            room[account] = running
    return room if _is_confirmed(before) else {}


def _is_confirmed(dump: QueueDump) -> bool:
    return dump.get_hash("epoch").get("run_id", "of the server before") != "of the server before"


def _read_virtual_time(dump: QueueDump, stage: str, tag: float) -> float:
    if tag < LOW_BASE:
        return dump.get_number(f"virtual_time:{stage}")
    return max(LOW_BASE, dump.get_number(f"virtual_time:{stage}:low"))


def audit_entry(before: QueueDump, after: QueueDump, job_id: str) -> list[str]:
    """List what is wrong with the place of a job that has just entered a stage: the later of two known tags."""
    job = after.jobs.get(job_id)
    if job is None or job_id in before.get_scores("leases:generate") or "outcome" in job:
        return []
    stage, tenant = job["stage"], get_turn_tenant(job)
    field = f"start_tag:{stage}"
    if field not in job or field in before.jobs.get(job_id, {}):
        return []
    base = LOW_BASE if tenant.startswith("low-") else 0.0
    time = _read_virtual_time(before, stage, base)
    finish_tag = before.get_scores(f"finish_tags:{stage}").get(tenant, base)
    tag, cost = float(job[field]), float(job["cost"])
    problems = []
    if not math.isclose(tag, max(time, finish_tag)):
        problems.append(f"job {job_id} has the start tag {tag}, and not the later of {time} and {finish_tag}")
    stored = after.get_scores(f"finish_tags:{stage}").get(tenant, math.nan)
    if not math.isclose(stored, tag + cost):
        problems.append(f"the finish tag of {tenant} is {stored}, and not {tag + cost}")
    return problems


def audit_acceptance(
    before: QueueDump,
    arguments: Sequence[str | int],
    is_rejected: bool,
    now_ms: int,
) -> list[str]:
    """List what is wrong with an acceptance or a refusal, by the limits of each scope."""
    is_full = False
    for scope, max_open, _, per_minute in zip(*(iter(arguments),) * 4, strict=True):
        recent = [at for at in before.get_scores(f"accepted:{scope}").values() if at > now_ms - MINUTE_MS]
        is_full |= bool(max_open) and len(before.get_members(f"open:{scope}")) >= int(max_open)
        is_full |= bool(per_minute) and len(recent) >= int(per_minute)
    is_off = any(name.startswith("disabled_model:") and name.count(":") == 1 for name in before.keys)
    if is_full and not is_rejected:
        return ["a request beyond a limit was accepted"]
    return ["a request within the limits was refused"] if is_rejected and not (is_full or is_off) else []
