"""Batches as their requesters start them in the Discord stand-in."""

from collections.abc import Sequence

from tests.support.contest_play import find_component
from tests.support.records import query_records
from tests.support.user import DiscordUser, encode_file, wait_until


def start_batch(user: DiscordUser, prompts: Sequence[str], title: str, *, is_low: bool = False) -> str:
    """Send a table of prompts and start the batch, of low priority if wished; return its id."""
    table = "\n".join(("prompt", *prompts, ""))
    files = {"file1": encode_file("items.csv", table.encode())}
    preview = user.wait_for_private_message(
        user.invoke_command("batch start", user.stack.channel_id, files, title=title)
    )
    batch_id = find_component(preview, "batch_start").split(":")[1]
    if is_low:
        user.press_button(preview, "batch_priority")
        query = "SELECT priority FROM batches WHERE id = ?"
        wait_until(lambda: query_records(user.stack, query, batch_id) == [("low",)], "the priority of the batch")
    user.press_button(user.reload_private_message(preview), "batch_start")
    return batch_id
