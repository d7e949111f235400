"""The manifest of an export: each item with its settings, as a table for people and as JSON to make it again from.

The table can be sent in as that of a new batch; the JSON has each request as it was validated.
"""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.batches.reading.file_names import clean_name
from bot.batches.reading.neutralisation import neutralise_text
from bot.domain.batches import MAX_ITEMS, Batch, BatchItem
from bot.domain.budgets import MICRO_USD_PER_USD
from shared.problems import RejectedError, make_problem
from shared.prompts import split_negative_prompt
from shared.request.model import OPTION_NAMES, Request

MANIFEST_NAME: Final = "manifest"
MAX_MANIFEST_BYTES: Final = 8 * 1024**2
_VERSION: Final = 1
FILE_PATTERN_LIMIT: Final = 100
_FILE_FIELDS: Final = ("name", "seed", "number", "row", "model")
_PLACEHOLDER: Final = re.compile(rf"\{{({'|'.join(_FILE_FIELDS)})\}}")
_BRACKET: Final = re.compile(r"[()\[\]{}]")


@dataclass(frozen=True)
class ManifestEntry:
    """An item with the file of its picture; `reason` says why there is none.

    `sha256` is the hash of that file. `model_id` is the one of Amazon Bedrock, `image_name` the file that it starts
    from, `link` the address of its sheet.
    """

    item: BatchItem
    file: str | None = None
    sha256: str | None = None
    reason: str | None = None
    model_id: str | None = None
    image_name: str | None = None
    link: str | None = None


class ManifestItem(BaseModel):
    """The part of an item in a manifest that is needed to make it again."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    row: int
    name: str
    request: Request
    seed: int | None = None
    image_sha256: str | None = None
    note: str = ""

    @property
    def repeated_request(self) -> Request:
        """The request that makes the same picture: with the seed that the model answered with."""
        return self.request if self.seed is None else self.request.model_copy(update={"seed": self.seed})


class Manifest(BaseModel):
    """A manifest as it is read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int
    batch: str
    title: str = ""
    file_pattern: str = "{name}-{seed}"
    items: tuple[ManifestItem, ...]


def build_manifest_json(batch: Batch, entries: Sequence[ManifestEntry]) -> bytes:
    """Build the JSON."""
    manifest = {
        "version": _VERSION,
        "batch": batch.id,
        "title": batch.brief.title,
        "file_pattern": batch.file_pattern,
        "items": [_describe_entry(entry) for entry in entries],
    }
    return json.dumps(manifest, indent=1, ensure_ascii=False).encode()


def build_manifest_csv(entries: Sequence[ManifestEntry]) -> bytes:
    """Build the table, with the columns of options that any request has. Spreadsheets run none of its texts."""
    options = [name for name in OPTION_NAMES if any(getattr(entry.item.request, name) is not None for entry in entries)]
    rows = [_list_cells(entry, options) for entry in entries]
    columns = list(rows[0]) if rows else []
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([neutralise_text(_format_cell(row[column])) for column in columns] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def measure_entry(batch: Batch, entry: ManifestEntry) -> int:
    """Return how many bytes an entry takes in both manifests at most."""
    return len(build_manifest_json(batch, [entry])) + len(build_manifest_csv([entry]))


def read_manifest(data: bytes) -> Manifest:
    """Read the JSON, which comes from a client. Raises `RejectedError` (batch_manifest_unreadable)."""
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise RejectedError(make_problem("batch_manifest_unreadable")) from error
    if manifest.version != _VERSION or not 1 <= len(manifest.items) <= MAX_ITEMS:
        raise RejectedError(make_problem("batch_manifest_unreadable"))
    return manifest


def check_file_pattern(pattern: str) -> str:
    """Return a pattern for names of files, without the spaces around it.

    Raises `RejectedError` (batch_file_pattern) if it has other fields, or none, or a character that no name may have.
    """
    pattern = pattern.strip()
    example, field_count = _PLACEHOLDER.subn("x", pattern)
    is_safe = clean_name(f"x{example}x") == f"x{example}x" and not set(example) & set("{}")
    if not field_count or not is_safe or len(pattern) > FILE_PATTERN_LIMIT:
        raise RejectedError(make_problem("batch_file_pattern", value=pattern[:FILE_PATTERN_LIMIT]))
    return pattern


def format_file_name(pattern: str, item: BatchItem) -> str:
    """Format the name of the file of an item, without its extension, from a pattern such as `{name}-{seed}`."""
    values = {
        "name": item.name,
        "seed": "" if item.seed is None else str(item.seed),
        "number": f"{item.number:03}",
        "row": str(item.row_number),
        "model": item.request.model,
    }
    return clean_name(_PLACEHOLDER.sub(lambda match: values[match[1]], pattern)) or values["number"]


def _describe_entry(entry: ManifestEntry) -> dict[str, Any]:
    item = entry.item
    return {
        "number": item.number,
        "row": item.row_number,
        "name": item.name,
        "file": entry.file,
        "without_picture": entry.reason,
        "sha256": entry.sha256,
        "request": item.request.model_dump(mode="json", exclude_none=True),
        "seed": item.seed,
        "model_id": entry.model_id,
        "image": entry.image_name,
        "image_sha256": item.image_sha256,
        "note": item.note,
        "state": item.state.value,
        "attempt": item.attempt,
        "cost_usd": item.cost / MICRO_USD_PER_USD,
        "review": item.review.value,
        "reviewer": str(item.reviewer_id) if item.reviewer_id else None,
        "review_note": item.review_note,
        "job": item.job_id,
        "link": entry.link,
    }


def _list_cells(entry: ManifestEntry, options: Sequence[str]) -> dict[str, Any]:
    """List the cells of an item by column: those that the reader of tables knows, and then the others."""
    item, described = entry.item, _describe_entry(entry)
    prompt, negative = split_negative_prompt(item.request.text_prompts)
    chosen = item.request.explicit_options()
    own = {
        "image": entry.image_name,
        "prompt": _escape_brackets(prompt),
        "negative": _escape_brackets(negative),
        "model": item.request.model,
    }
    settings = {name: item.seed if name == "seed" and item.seed is not None else chosen.get(name) for name in options}
    if "seed" not in settings:
        settings["seed"] = item.seed
    described["exported_file"] = described.pop("file")  # the reader takes `file` for the picture that a row starts from
    others = {name: value for name, value in described.items() if name not in {"request", "name", "note", *settings}}
    return (
        {"name": item.name}
        | own
        | settings
        | {"note": item.note}
        | {name: value for name, value in others.items() if name not in own}
    )


def _escape_brackets(text: str) -> str:
    """Put a backslash before brackets, in which the reader of prompts would look for columns, lists and weights."""
    return _BRACKET.sub(lambda match: f"\\{match[0]}", text)


def _format_cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
