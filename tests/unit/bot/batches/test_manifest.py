"""The manifest of an export: read back as it was written, also as a table, and never run by a spreadsheet."""

import csv
import io
import json
from dataclasses import replace

import pytest

from bot.batches.manifest import (
    ManifestEntry,
    build_manifest_csv,
    build_manifest_json,
    check_file_pattern,
    format_file_name,
    measure_entry,
    read_manifest,
)
from bot.domain.batches import BatchItem, ItemState, Review
from shared.problems import RejectedError
from shared.prompts import TextPrompt
from tests.support.batches import make_item, make_started_batch

PROMPTS = ("a lamp, {red|blue}", "=cmd|' /C calc'!A0", 'quoted "words",\nand a second line', "une lampe « dorée »")


def make_items(*prompts: str) -> list[BatchItem]:
    items = []
    for number, prompt in enumerate(prompts, 1):
        item = make_item(number, seed=4_294_967_290 + number, review=Review.ACCEPTED, reviewer_id=77, cost=40_000)
        texts = (TextPrompt(text=prompt), TextPrompt(text="people", weight=-1))
        request = item.request.model_copy(update={"text_prompts": texts, "style_preset": "anime"})
        items.append(replace(item, request=request))
    return items


def test_the_json_makes_the_same_requests_with_the_seeds_of_the_models_answers() -> None:
    items = [*make_items(*PROMPTS), make_item(5, ItemState.FILTERED)]
    batch = make_started_batch()

    manifest = read_manifest(build_manifest_json(batch, [ManifestEntry(item) for item in items]))

    assert (manifest.batch, manifest.title) == (batch.id, "spring catalogue")
    assert [one.request for one in manifest.items] == [item.request for item in items]
    assert [one.repeated_request.seed for one in manifest.items] == [*(item.seed for item in items[:4]), None]


def test_a_spreadsheet_runs_no_cell_and_each_item_has_its_line() -> None:
    entries = [ManifestEntry(item, link="https://discord.com/channels/1/3/9") for item in make_items(*PROMPTS)]

    table = list(csv.DictReader(io.StringIO(build_manifest_csv(entries).decode("utf-8-sig"))))

    assert len(table) == len(PROMPTS)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in table for cell in row.values())
    assert {row["reviewer"] for row in table} == {"77"}
    assert [row["cost_usd"] for row in table] == ["0.04"] * 4


def test_an_entry_takes_no_more_room_than_is_measured() -> None:
    batch, entries = make_started_batch(), [ManifestEntry(item) for item in make_items(*PROMPTS * 20)]

    size = len(build_manifest_json(batch, entries)) + len(build_manifest_csv(entries))

    assert size <= sum(measure_entry(batch, entry) for entry in entries)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("{name}-{seed}", "lamp", "lamp-7"),
        ("{number}_{model}", "lamp", f"012_{make_item(1).request.model}"),
        ("{name}", "../../etc/passwd", "etc-passwd"),
        ("{name.__class__}", "lamp", "{name.__class__}"),
        ("{name}", " . ", "012"),
    ],
)
def test_files_are_named_by_the_pattern_of_their_batch(pattern: str, name: str, expected: str) -> None:
    assert format_file_name(pattern, make_item(12, name=name, seed=7)) == expected


@pytest.mark.parametrize("pattern", ["{name}-{seed}", "{number}", " spring {row} (final)_{model} "])
def test_a_pattern_of_fields_and_words_names_files(pattern: str) -> None:
    assert check_file_pattern(pattern) == pattern.strip()


@pytest.mark.parametrize(
    "pattern",
    ["", "photo", "{prompt}", "{name}/{seed}", "{name}: {seed}", "{{name}}", "{name", "{name}\u202e", "{name}" * 17],
)
def test_a_pattern_that_would_name_no_file_is_refused(pattern: str) -> None:
    with pytest.raises(RejectedError, match="batch_file_pattern"):
        check_file_pattern(pattern)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[1, 2]",
        b'{"version": 1, "batch": "1", "items": []}',
        json.dumps({"version": 9, "batch": "1", "items": [{"row": 1, "name": "a", "request": {}}]}).encode(),
        b"\xff\xfe",
    ],
)
def test_a_file_that_is_no_manifest_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(RejectedError) as caught:
        read_manifest(data)

    assert caught.value.problems[0].code == "batch_manifest_unreadable"
