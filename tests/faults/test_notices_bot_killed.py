"""kill -9 of the bot between posting a notice and recording that: the next bot does not post it again."""

from pathlib import Path

from demo.stack import run_stack
from tests.support.bot_processes import BotProcesses, clear_discord_faults, inject_discord_fault
from tests.support.guild_settings import change_guild_settings
from tests.support.message_text import read_text
from tests.support.records import query_records
from tests.support.server import find_owner
from tests.support.user import add_user, wait_until

WAITING = "SELECT id FROM notices WHERE closed_at IS NULL"


def test_a_notice_that_was_posted_and_not_recorded_is_not_posted_again(tmp_path: Path) -> None:
    """Discord forgets nonces at once, so that only the channel's history tells what was posted."""
    with run_stack(
        tmp_path / "logs", discord_options=("--no-rate-limits", "--nonce-seconds", "0"), services=()
    ) as stack:
        bots = BotProcesses(stack, stack.redis_url)
        bots.start()
        try:
            owner = find_owner(stack)
            _, member_id = add_user(stack, "mallory")
            channel = owner.post("/control/channels", {"name": "log"})["id"]
            change_guild_settings(stack, log_channel_id=int(channel), mirrors_audit_log=True)
            wait_until(lambda: owner.list_messages(channel) and not query_records(stack, WAITING), "the first notice")
            before = len(owner.list_messages(channel))
            inject_discord_fault(stack, "status_after:503", "POST", f"/channels/{channel}/messages$")
            inject_discord_fault(stack, "hang:60", "GET", f"/channels/{channel}/messages", times=9)
            owner.invoke_command("moderate block", stack.channel_id, member=member_id, reason="spam")
            wait_until(lambda: len(owner.list_messages(channel)) > before, "the notice")

            bots.kill(bots.latest)
            assert len(query_records(stack, WAITING)) == 1
            clear_discord_faults(stack)
            bots.start()
            owner.invoke_command("moderate unblock", stack.channel_id, member=member_id)
            wait_until(lambda: len(owner.list_messages(channel)) > before + 1, "the next notice")
            wait_until(lambda: not query_records(stack, WAITING), "both recorded")

            posted = owner.list_messages(channel)[before:]
            first, second = map(read_text, posted)
            assert f" blocked <@{member_id}> · spam" in first
            assert f"unblocked <@{member_id}>" in second
        finally:
            bots.stop_all()
