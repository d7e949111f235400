"""Actions in the chat page that several tests share."""

from playwright.sync_api import Page


def send_message(page: Page, text: str) -> None:
    """Send a message in the open channel."""
    page.get_by_role("textbox", name="Message #").fill(text)
    page.keyboard.press("Enter")
