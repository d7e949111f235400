"""Everything that a release stored, in files that a later release reads: Redis as JSON, the database as SQL.

Celery's messages are among the lists in Redis. Values that are not UTF-8 are in Base64. Pictures are made smaller, with
their metadata, because a snapshot is kept for ever.
"""

import base64
import io
import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import redis
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from shared.queue.keys import DEFAULT_KEYS
from shared.request.bundles import pack_pictures, unpack_pictures
from shared.request.pictures import Pictures

FOLDER = Path(__file__).parent
REDIS_FILE = "redis.json"
DATABASE_FILE = "database.sql"
COMMIT_FILE = "commit.txt"
_BINARY = "base64:"
_PICTURE_KEYS = tuple(
    f"{DEFAULT_KEYS.prefix}{kind}:".encode() for kind in ("upload", "prepared", "result", "dead_letter_picture")
)
_PICTURE_COLUMNS = {
    "batch_images": "image",
    "batch_results": "image",
    "source_images": "image",
    "style_pictures": "picture",
    "thumbnails": "jpeg",
    "undelivered_images": "image",
}


def list_snapshots() -> list[Path]:
    """List the folders of all releases, oldest first."""
    return sorted(file.parent for file in FOLDER.glob(f"*/{REDIS_FILE}"))


def dump_redis(client: redis.Redis) -> dict[str, Any]:
    """Dump every key under the prefix, with its type and its time to live in milliseconds (-1: none)."""
    names: list[bytes] = sorted(client.scan_iter(f"{DEFAULT_KEYS.prefix}*"))
    return {
        _encode(name): {
            "type": (kind := _get_type(client, name)),
            "ttl_ms": client.pttl(name),
            "value": _dump_value(client, name, kind),
        }
        for name in names
    }


def load_redis(client: redis.Redis, dump: dict[str, Any]) -> None:
    """Store a dump in an empty Redis. Times to live begin again; of the short ones, the keys are left out."""
    for name, entry in dump.items():
        if 0 <= entry["ttl_ms"] <= 60_000:
            continue
        _load_value(client, name, entry["type"], entry["value"])
        if entry["ttl_ms"] >= 0:
            client.pexpire(name, entry["ttl_ms"])


def dump_database(file: Path) -> str:
    """Dump an SQLite database as SQL, with the contents of its full-text indexes, byte for byte."""
    with closing(sqlite3.connect(file)) as stored, closing(sqlite3.connect(":memory:")) as database:
        stored.backup(database)  # dumping takes parts of it away
        for table, column in _PICTURE_COLUMNS.items():
            for row_id, picture in database.execute(f"SELECT rowid, {column} FROM {table}").fetchall():  # noqa: S608
                update = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"  # noqa: S608 - the names are ours
                database.execute(update, (shrink_pictures(picture), row_id))
        index_lines = list(_take_full_text_indexes(database))
        return "\n".join([*database.iterdump(), *index_lines]) + "\n"


def _take_full_text_indexes(database: sqlite3.Connection) -> Iterator[str]:
    """Drop the virtual tables of FTS5, which `iterdump` cannot dump, and yield the SQL that makes them again.

    Each keeps its contents in ordinary tables of its own, which are made with it.
    """
    kept_in = [name for _, name, kind, *_ in database.execute("PRAGMA table_list").fetchall() if kind == "shadow"]
    virtual = database.execute("SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'").fetchall()
    for name, sql in virtual:
        yield f"{sql};"
        for table in sorted(kept for kept in kept_in if kept.startswith(f"{name}_")):
            columns = [column for _, column, *_ in database.execute(f"PRAGMA table_info({table})").fetchall()]
            quoted = " || ',' || ".join(f"quote({column})" for column in columns)
            yield f"DELETE FROM {table};"  # noqa: S608 - the names are ours
            for (values,) in database.execute(f"SELECT {quoted} FROM {table}").fetchall():  # noqa: S608
                yield f"INSERT INTO {table} VALUES ({values});"  # noqa: S608
        database.execute(f"DROP TABLE {name}")


def load_database(sql: str, file: Path) -> None:
    """Make an SQLite database of a dump."""
    with closing(sqlite3.connect(file)) as database:
        database.executescript(sql)


def shrink_pictures(data: bytes) -> bytes:
    """Make each picture of a request smaller."""
    parts = {name: shrink_picture(picture) for name, picture in unpack_pictures(data).list_parts()}
    return pack_pictures(Pictures(**parts)) or b""


def shrink_picture(data: bytes) -> bytes:
    """Make a picture smaller, in its format and with its texts."""
    picture = Image.open(io.BytesIO(data))
    texts = PngInfo()
    for name, text in picture.info.items():
        if isinstance(text, str):
            texts.add_itxt(str(name), text)
    shrunk, small = io.BytesIO(), picture.resize((64, 64))
    small.save(shrunk, picture.format, **({"pnginfo": texts} if picture.format == "PNG" else {}))
    return shrunk.getvalue()


def hide_host(text: str) -> str:
    """Replace the name of this machine, which Celery puts into its messages behind an @ (never a part of Base64)."""
    return text.replace(f"@{socket.gethostname()}", "@worker-host")


def write_json(file: Path, value: Any) -> None:
    """Write a value in a form in which changes can be compared."""
    file.write_text(hide_host(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)) + "\n", "utf-8")


def _get_type(client: redis.Redis, name: bytes) -> str:
    kind: Any = client.type(name)
    return str(kind.decode())


def _dump_value(client: redis.Redis, name: bytes, kind: str) -> Any:
    raw: Any
    match kind:
        case "string":
            return _encode(client.get(name) or b"")  # type: ignore[arg-type]
        case "list":
            raw = client.lrange(name, 0, -1)
            if name.startswith(_PICTURE_KEYS):
                raw = [shrink_pictures(b"".join(raw))]
            return [_encode(item) for item in raw]
        case "set":
            raw = client.smembers(name)
            return sorted(_encode(item) for item in raw)
        case "zset":
            raw = client.zrange(name, 0, -1, withscores=True)
            return [[_encode(item), score] for item, score in raw]
        case "hash":
            raw = client.hgetall(name)
            return {_encode(field): _encode(value) for field, value in raw.items()}
        case "stream":
            raw = client.xrange(name)
            return [[_encode(entry_id), *_flatten(fields)] for entry_id, fields in raw]
        case _:
            raise ValueError(kind)


def _load_value(client: redis.Redis, name: str, kind: str, value: Any) -> None:
    match kind:
        case "string":
            client.set(name, _decode(value))
        case "list":
            client.rpush(name, *map(_decode, value))
        case "set":
            client.sadd(name, *map(_decode, value))
        case "zset":
            client.zadd(name, {_decode(item): score for item, score in value})
        case "hash":
            client.hset(name, mapping={_decode(field): _decode(item) for field, item in value.items()})
        case "stream":
            for entry_id, *fields in value:
                pairs = dict(zip(map(_decode, fields[::2]), map(_decode, fields[1::2]), strict=True))
                client.xadd(name, pairs, id=entry_id)  # type: ignore[arg-type]
            if name == DEFAULT_KEYS.outcome_stream:
                client.xgroup_create(name, "bot", id="0")
        case _:
            raise ValueError(kind)


def _flatten(fields: dict[bytes, bytes]) -> Iterator[str]:
    for field, value in fields.items():
        yield from (_encode(field), _encode(value))


def _encode(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return _BINARY + base64.b64encode(value).decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text.removeprefix(_BINARY)) if text.startswith(_BINARY) else text.encode()
