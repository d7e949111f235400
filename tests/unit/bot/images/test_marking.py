"""Pictures of results that the bot encodes itself say that a model had a part in them; those of people do not."""

from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from bot.batches.source_sheet import SourceSheets
from bot.domain.style_sets import StyleSet
from bot.features.style_sets.view import build_style_set_message
from bot.images.bar_chart import Bar, draw_bar_chart
from bot.images.contact_sheet import Cell, draw_contact_sheet
from bot.images.edit_pictures import build_styled_pictures
from bot.images.lineage_tree import Node, draw_lineage_tree
from bot.images.mask_drawing import draw_mask_preview
from bot.images.thumbnail import make_thumbnail
from bot.images.timelapse import make_timelapse
from bot.images.upload_limit import fit_to_upload_limit
from bot.rounds.pictures import prepare_upload
from shared.imaging.marks import embed_marks, has_content_credentials, read_marks
from shared.imaging.xmp import Marks, SourceType
from tests.support.images import encode_image, make_grainy_image, make_png_chunk
from tests.support.views import EN

GRAIN = make_grainy_image(256)
MARKS = Marks(
    source_type=SourceType.FROM_PICTURE,
    creator_tool="Pentimento",
    model="SDXL 1.0",
    parameters="a prompt",
    settings='{"job":"123"}',
)
ANONYMOUS = Marks(source_type=SourceType.FROM_PICTURE, creator_tool="Pentimento")


def make_result(kind: str) -> bytes:
    return embed_marks(encode_image(GRAIN, kind), MARKS, {"parameters": "a prompt", "pentimento": '{"job":"123"}'})


def sign(png: bytes) -> bytes:
    return png[:33] + make_png_chunk(b"caBX", b"store") + png[33:]


def test_sheets_trees_and_time_lapses_are_marked_as_composites_and_charts_are_not() -> None:
    thumbnail = make_thumbnail(make_result("PNG"))
    drawings = [
        draw_contact_sheet([Cell(thumbnail, "one")]).jpeg,
        draw_lineage_tree([Node("1", None, thumbnail, "ada", "7")]).jpeg,
        make_timelapse([thumbnail, thumbnail], 1 << 20),
    ]
    assert [read_marks(drawing) for drawing in drawings] == 3 * [ANONYMOUS]
    assert read_marks(draw_bar_chart([Bar("ada", 1, "1")]).jpeg) == Marks()
    assert read_marks(thumbnail) == Marks(), "a thumbnail may be of a person's own picture"


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_a_smaller_copy_of_a_result_says_the_same(kind: str) -> None:
    result = make_result(kind)
    copy, _ = fit_to_upload_limit(result, len(result) - 1, SourceType.FROM_PICTURE)
    assert len(copy) < len(result)
    assert read_marks(copy) == MARKS


def test_a_smaller_copy_of_a_result_without_marks_is_marked_and_that_of_a_picture_is_not() -> None:
    png = encode_image(GRAIN, "PNG")
    assert read_marks(fit_to_upload_limit(png, len(png) - 1, SourceType.FROM_PICTURE)[0]) == ANONYMOUS
    assert read_marks(fit_to_upload_limit(png, len(png) - 1)[0]) == Marks()


def test_credentials_that_a_smaller_copy_cannot_carry_leave_a_trace() -> None:
    signed = sign(encode_image(GRAIN, "PNG"))
    for source_type in (SourceType.FROM_WORDS, None):
        copy, _ = fit_to_upload_limit(signed, len(signed) - 1, source_type)
        assert read_marks(copy).removed_credentials == "encoded again"
        assert not has_content_credentials(copy)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
async def test_an_anonymous_entry_keeps_its_mark_and_nothing_that_leads_to_its_author(kind: str) -> None:
    result = make_result(kind)
    for limit in (len(result), len(result) - 1):
        upload, _ = await prepare_upload(result, limit, SourceType.FROM_PICTURE, is_anonymous=True)
        assert read_marks(upload) == ANONYMOUS
        assert b"123" not in upload
        assert b"prompt" not in upload
    named, _ = await prepare_upload(result, len(result), SourceType.FROM_PICTURE)
    assert named is result


async def test_an_anonymous_entry_with_the_models_credentials_alone_is_untouched() -> None:
    signed = sign(encode_image(Image.new("RGB", (64, 64)), "PNG"))
    assert (await prepare_upload(signed, len(signed), SourceType.FROM_WORDS, is_anonymous=True))[0] is signed


def test_a_result_with_a_mask_laid_over_it_is_marked_and_a_persons_own_picture_is_not() -> None:
    mask = Image.linear_gradient("L")
    assert read_marks(draw_mask_preview(make_result("PNG"), mask)) == ANONYMOUS
    assert read_marks(draw_mask_preview(encode_image(GRAIN, "PNG"), mask)) == Marks()


def test_the_preview_of_a_style_is_marked_if_it_shows_a_result() -> None:
    own, result = encode_image(GRAIN, "PNG"), make_result("PNG")
    sheets = [build_styled_pictures(source, own, ("yours", "the style")).preview for source in (own, result)]
    assert [read_marks(sheet) for sheet in sheets] == [Marks(), ANONYMOUS]


class StoredPictures:
    """A batch whose only picture a person has uploaded."""

    async def list_image_names(self, _batch_id: str) -> dict[str, str]:
        return {"f" * 64: "photo.jpg"}

    async def load_image(self, _batch_id: str, _sha256: str) -> bytes:
        return encode_image(GRAIN, "JPEG")


async def test_sheets_of_pictures_that_people_uploaded_are_not_marked() -> None:
    store: Any = StoredPictures()
    item: Any = SimpleNamespace(number=1, image_sha256="f" * 64)
    page = await SourceSheets(store).draw_page("1", [item], 0, EN)
    assert page is not None
    styles = await build_style_set_message(StyleSet("1", "ink", 0, 1), [encode_image(GRAIN, "JPEG")], EN)
    assert [read_marks(sheet) for sheet in (page.jpeg, styles.files[0].fp.read())] == 2 * [Marks()]
