"""The sheet of the pictures from which the items of a batch start."""

from types import SimpleNamespace
from typing import Any

from PIL import Image

from bot.batches.source_sheet import SourceSheets
from tests.support.images import encode_image
from tests.support.views import EN


class StoredPicture:
    """A batch with one picture."""

    def __init__(self, picture: bytes) -> None:
        self.picture = picture

    async def list_image_names(self, _batch_id: str) -> dict[str, str]:
        return {"f" * 64: "photo"}

    async def load_image(self, _batch_id: str, _sha256: str) -> bytes:
        return self.picture


async def draw_sheet(picture: bytes) -> bytes:
    store: Any = StoredPicture(picture)
    item: Any = SimpleNamespace(number=1, image_sha256="f" * 64)
    page = await SourceSheets(store).draw_page("1", [item], 0, EN)
    assert page is not None
    return page.jpeg


async def test_a_picture_of_every_type_that_requests_accept_is_shown() -> None:
    gif, png = [await draw_sheet(encode_image(Image.new("RGB", (300, 200), "red"), kind)) for kind in ("GIF", "PNG")]

    assert gif == png
