"""What a person does again and again in the page."""

from playwright.sync_api import Page


def send_message(page: Page, text: str) -> None:
    """Write a message into the open channel and send it."""
    page.get_by_role("textbox", name="Message #").fill(text)
    page.keyboard.press("Enter")
