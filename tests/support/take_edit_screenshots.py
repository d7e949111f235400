"""Retake the pictures of the guide to editing: `python -m tests.support.take_edit_screenshots` writes into docs/images.

On a stack of its own, a boat on a lake is marked and erased, and the lake gets the style of a drawing.
"""

from typing import Any, Final

from PIL import Image, ImageDraw
from playwright.sync_api import Browser

from demo.__main__ import SAMPLE_IMAGE
from tests.support.images import encode_image
from tests.support.studio import open_channel, open_studio
from tests.support.take_batch_screenshots import photograph_last
from tests.support.user import DiscordUser, encode_file, list_media, wait_until

SIZE: Final = (960, 640)
BOAT: Final = (((190, 470), (400, 470), (370, 515), (230, 515)), ((300, 290), (300, 460), (385, 460)))
BOAT_REGION: Final = "ellipse 17% 40% 44% 86%; feather 5%"


def main() -> None:
    with open_studio() as (browser, stack):
        user = DiscordUser(stack)
        lake = encode_picture(draw_lake())
        preview = take(browser, user, "edit-region", "erase", {"image": lake}, region=BOAT_REGION)
        page = open_channel(browser, user, stack.channel_id)
        user.press_button(preview, "edit_start")
        wait_until(lambda: any(map(list_media, user.list_messages(stack.channel_id)[1:])), "the result")
        photograph_last(page, "edit-result", None)
        files = {"image": lake, "style_picture": encode_picture(draw_hatching())}
        take(browser, user, "edit-style", "restyle", files)


def take(
    browser: Browser, user: DiscordUser, name: str, operation: str, files: dict[str, Any], **options: str
) -> dict[str, Any]:
    """Ask for an edit, and photograph its preview."""
    page = open_channel(browser, user, user.stack.channel_id)
    preview = user.wait_for_private_message(
        user.invoke_command(f"edit {operation}", user.stack.channel_id, files, **options)
    )
    photograph_last(page, name, None)
    return preview


def draw_lake() -> Image.Image:
    """Draw a boat on the demo's lake."""
    with Image.open(SAMPLE_IMAGE) as opened:
        lake = opened.convert("RGB").resize(SIZE)
    draw = ImageDraw.Draw(lake)
    for shape, colour in zip(BOAT, ("sienna", "linen"), strict=True):
        draw.polygon(shape, fill=colour)
    return lake


def draw_hatching() -> Image.Image:
    """Draw a sheet of coloured pencil strokes."""
    sheet = Image.new("RGB", SIZE, "cornsilk")
    draw = ImageDraw.Draw(sheet)
    for number in range(0, SIZE[0] + SIZE[1], 12):
        colour = ("seagreen", "goldenrod", "steelblue")[number // 12 % 3]
        draw.line((number, 0, number - SIZE[1], SIZE[1]), fill=colour, width=4)
    return sheet


def encode_picture(image: Image.Image) -> dict[str, str]:
    return encode_file("lake.png", encode_image(image))


if __name__ == "__main__":
    main()
