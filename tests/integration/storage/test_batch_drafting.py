"""Files become drafts: rows are checked as single requests are, and one that is wrong does not stop the others."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.batches.drafting import BatchDrafter, SentBatch
from bot.batches.reading.values import SentFile
from bot.batches.row_requests import RequestContext, RowRequestBuilder
from bot.domain.guild_settings import GuildSettings, WordPolicy
from bot.domain.teams import Team
from bot.domain.usage import Usage
from bot.storage.batches import SqlBatchStore
from bot.storage.session import Database
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.problems import RejectedError
from tests.support.batches import BATCH_ID, make_batch
from tests.support.builders import ADA_ID, Clock
from tests.support.fake_stores import FakeWordLists
from tests.support.images import make_png

EN = load_messages("en")
RED, BLUE = make_png(64), make_png(96)
TABLE = b"""\
image;prompt;keep;count;model
red.png;a castle;60 %;2;
blue.png;;;;
red.png;a castle;abc;;
;a lake;;;sd3.5-large
missing.png;a lake;;;
red.png;a forbidden word;;;
"""


@pytest.fixture
def store(database: Database, catalogue: Catalogue, clock: Clock) -> SqlBatchStore:
    return SqlBatchStore(database, catalogue=catalogue, clock=clock)


def make_context(settings: GuildSettings | None = None, team: Team | None = None, **fields: Any) -> RequestContext:
    return RequestContext(Usage(ADA_ID, 1, 2, settings or GuildSettings(), team=team), **fields)


def make_drafter(store: SqlBatchStore, catalogue: Catalogue, word_lists: FakeWordLists | None = None) -> BatchDrafter:
    validator = RequestValidator(catalogue, (), 1 << 20, word_lists=word_lists)
    return BatchDrafter(store, RowRequestBuilder(validator), max_image_bytes=1 << 20, max_items=20)


async def send(
    drafter: BatchDrafter, files: list[SentFile], context: RequestContext | None = None, **fields: str
) -> bool:
    sent = SentBatch(files, **fields)
    prepared = await drafter.prepare(BATCH_ID, sent, context or make_context())
    return await drafter.add_draft(make_batch(), sent, prepared, EN)


def list_codes(problems: Any) -> list[str]:
    return [problem.code for problem in problems]


async def test_right_rows_become_items_and_the_wrong_ones_say_why(store: SqlBatchStore, catalogue: Catalogue) -> None:
    word_lists = FakeWordLists("forbidden")
    drafter = make_drafter(store, catalogue, word_lists)
    files = [SentFile("spring.csv", TABLE), SentFile("red.png", RED), SentFile("blue.png", BLUE)]
    settings = GuildSettings(word_policy=WordPolicy.REFUSE)

    assert await send(drafter, files, make_context(settings))

    batch, items = await store.find_batch(BATCH_ID), await store.list_items(BATCH_ID)
    assert batch is not None
    assert batch.brief.title == "spring"
    assert [(item.number, item.row_number, item.request.model) for item in items] == [
        (1, 2, catalogue.default_model.key),
        (2, 2, catalogue.default_model.key),
        (3, 5, "sd3.5-large"),
    ]
    assert [item.request.has_picture for item in items] == [True, True, False]
    assert items[0].request.keep == 60
    assert all(item.price for item in items)
    assert await store.load_image(BATCH_ID, items[0].image_sha256 or "") == RED
    assert items[2].image_sha256 is None
    preview = await store.load_preview(BATCH_ID)
    assert {row.number: list_codes(row.problems) for row in preview.rejected_rows} == {
        3: ["batch_prompt_missing"],
        4: ["not_a_number"],
        6: ["batch_picture_missing"],
        7: ["word_listed"],
    }
    assert preview.rejected_count == 4
    assert preview.table_name == "spring-problems.csv"
    lines = (preview.table or b"").decode("utf-8-sig").splitlines()
    assert [bool(line.rpartition(";")[2].strip('"')) for line in lines] == [True, False, True, True, False, True, True]
    assert word_lists.loads == 1


async def test_mended_rows_take_the_place_of_the_first_ones_and_need_no_picture_again(
    store: SqlBatchStore, catalogue: Catalogue
) -> None:
    drafter = make_drafter(store, catalogue)
    files = [SentFile("a.csv", b"image,prompt\nred.png,a castle\n"), SentFile("red.png", RED)]
    assert await send(drafter, files, title="Mine")
    batch = await store.find_batch(BATCH_ID)
    assert batch is not None
    stored = [SentFile(name, data) async for _, name, data in store.iterate_images(BATCH_ID)]
    mended = SentFile("b.csv", b"image,prompt\nred.png,a lake\nred.png,a river\n")

    sent = SentBatch([mended, *stored])
    await drafter.replace_draft(BATCH_ID, sent, await drafter.prepare(BATCH_ID, sent, make_context()), EN)

    items = await store.list_items(BATCH_ID)
    assert [item.request.text_prompts[0].text for item in items] == ["a lake", "a river"]
    assert {item.image_sha256 for item in items} == {item.image_sha256 for item in items[:1]} != {None}
    changed = await store.find_batch(BATCH_ID)
    assert changed == replace(batch, version=batch.version + 1)


async def test_locked_options_win_over_the_row_where_they_apply_and_defaults_fill_it_up(
    store: SqlBatchStore, catalogue: Catalogue
) -> None:
    table = b"prompt,style,negative\na castle,anime,people\na lake,,\n"
    of_team = {"style_preset": "photographic", "model": "sdxl", "keep": 40.0}
    team = Team(7, 1, "Makers", defaults=of_team, locked=frozenset(of_team))
    context = make_context(team=team, defaults=(of_team, {"negative": "cars"}))

    assert await send(make_drafter(store, catalogue), [SentFile("a.csv", table)], context)

    requests = [item.request for item in await store.list_items(BATCH_ID)]
    assert [request.style_preset for request in requests] == ["photographic"] * 2
    assert [request.text_prompts[-1].text for request in requests] == ["people", "cars"]
    assert [request.keep for request in requests] == [None, None]  # they have no pictures
    preview = await store.load_preview(BATCH_ID)
    assert preview is not None
    assert [note.facts for note in preview.notes] == [{"team": "Makers", "options": "style_preset"}]


async def test_pictures_of_an_archive_are_read_one_by_one_and_a_broken_one_is_a_wrong_row(
    store: SqlBatchStore, catalogue: Catalogue
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, data in {"red.png": RED, "blue.png": BLUE, "tiny.png": make_png(8)}.items():
            file.writestr(name, data)
    files = [SentFile("pictures.zip", archive.getvalue())]

    assert await send(make_drafter(store, catalogue), files, template="as an oil painting")

    assert len(await store.list_items(BATCH_ID)) == 2
    preview = await store.load_preview(BATCH_ID)
    assert [list_codes(row.problems) for row in preview.rejected_rows] == [["picture_too_small"]]
    assert preview.template == "as an oil painting"


@pytest.mark.parametrize(
    ("files", "code"),
    [({}, "batch_empty"), ({"a.csv": b"prompt,count\na castle,21\n"}, "batch_too_many_items")],
)
async def test_files_of_which_no_batch_can_be_made_leave_nothing(
    store: SqlBatchStore, catalogue: Catalogue, files: Mapping[str, bytes], code: str
) -> None:
    with pytest.raises(RejectedError) as caught:
        await send(make_drafter(store, catalogue), [SentFile(name, data) for name, data in files.items()])

    assert list_codes(caught.value.problems) == [code]
    assert await store.find_batch(BATCH_ID) is None
