"""Everything that is in Redis at one moment, as Python values; and copies of it, as an older file of Redis would be."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import redis

from shared.queue.keys import DEFAULT_KEYS

PREFIX: Final = DEFAULT_KEYS.prefix

_DUMP_SCRIPT: Final = """
local rows = {}
for _, name in ipairs(redis.call('KEYS', KEYS[1] .. '*')) do
  local kind, value = redis.call('TYPE', name).ok
  if kind == 'string' then value = redis.call('GET', name)
  elseif kind == 'list' then value = redis.call('LRANGE', name, 0, -1)
  elseif kind == 'set' then value = redis.call('SMEMBERS', name)
  elseif kind == 'zset' then value = redis.call('ZRANGE', name, 0, -1, 'WITHSCORES')
  elseif kind == 'hash' then value = redis.call('HGETALL', name)
  else value = redis.call('XRANGE', name, '-', '+') end
  rows[#rows + 1] = {name, kind, redis.call('PTTL', name), value}
end
return rows
"""

_COPY_SCRIPT: Final = """
local rows = {}
for _, name in ipairs(redis.call('KEYS', KEYS[1] .. '*')) do
  rows[#rows + 1] = {name, math.max(0, redis.call('PTTL', name)), redis.call('DUMP', name)}
end
return rows
"""


@dataclass(frozen=True)
class StoredKey:
    """A key without the prefix: its type, the milliseconds until it expires (-1: never) and its value."""

    name: str
    type: str
    ttl_ms: int
    value: Any


@dataclass(frozen=True)
class QueueDump:
    """All keys by their names."""

    keys: Mapping[str, StoredKey]

    def get_hash(self, name: str) -> Mapping[str, str]:
        fields: Mapping[str, str] = self._get(name, {})
        return fields

    def get_scores(self, name: str) -> Mapping[str, float]:
        scores: Mapping[str, float] = self._get(name, {})
        return scores

    def get_members(self, name: str) -> AbstractSet[str]:
        members: AbstractSet[str] = self._get(name, frozenset())
        return members

    def get_number(self, name: str) -> float:
        return float(self._get(name, 0))

    def get_entries(self, name: str) -> Sequence[tuple[str, Mapping[str, str]]]:
        entries: Sequence[tuple[str, Mapping[str, str]]] = self._get(name, ())
        return entries

    def list_names(self, kind: str, parts: int) -> list[list[str]]:
        """List the parts of the names of all keys of a kind that have so many of them."""
        names = [name.split(":") for name in self.keys if name.startswith(f"{kind}:")]
        return [name for name in names if len(name) == parts]

    @cached_property
    def jobs(self) -> Mapping[str, Mapping[str, str]]:
        """The hashes of the jobs by their ids."""
        return {name[4:]: key.value for name, key in self.keys.items() if name.startswith("job:")}

    def _get(self, name: str, default: Any) -> Any:
        key = self.keys.get(name)
        return default if key is None else key.value


def dump_queue(client: redis.Redis) -> QueueDump:
    """Read all keys at once."""
    rows: Any = client.eval(_DUMP_SCRIPT, 1, PREFIX)
    keys = [_parse_row(*row) for row in rows]
    return QueueDump({key.name: key for key in keys})


def _parse_row(name: bytes, kind: bytes, ttl_ms: int, raw: Any) -> StoredKey:
    value: Any
    match kind:
        case b"string":
            value = _decode(raw)
        case b"list":
            value = [_decode(item) for item in raw]
        case b"set":
            value = {_decode(item) for item in raw}
        case b"zset":
            value = {_decode(member): float(score) for member, score in zip(raw[::2], raw[1::2], strict=True)}
        case b"hash":
            value = _decode_pairs(raw)
        case _:
            value = [(_decode(entry_id), _decode_pairs(fields)) for entry_id, fields in raw]
    return StoredKey(_decode(name).removeprefix(PREFIX), _decode(kind), ttl_ms, value)


def _decode(raw: bytes) -> str:
    return raw.decode("latin-1")


def _decode_pairs(raw: Any) -> dict[str, str]:
    return {_decode(name): _decode(value) for name, value in zip(raw[::2], raw[1::2], strict=True)}


def copy_queue(client: redis.Redis) -> list[tuple[bytes, int, bytes]]:
    """Copy all keys as Redis's own file stores them."""
    rows: Any = client.eval(_COPY_SCRIPT, 1, PREFIX)
    return [tuple(row) for row in rows]


def restore_queue(client: redis.Redis, copy: list[tuple[bytes, int, bytes]]) -> None:
    """Replace all keys by a copy."""
    pipeline = client.pipeline()
    pipeline.flushall()
    for name, ttl_ms, value in copy:
        pipeline.restore(name, ttl_ms, value)
    pipeline.execute()
