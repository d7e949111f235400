"""With no worker alive people are told so, the operator is alarmed, and what waits starts with the next worker."""

from pathlib import Path

from demo.first_picture import iter_message_texts
from tests.support.fault_stack import open_fault_stack
from tests.support.user import wait_until

PATIENCE_SECONDS = 90
GRACE_SECONDS = 2.0


def test_people_and_the_operator_are_told_that_no_worker_is_alive(tmp_path: Path) -> None:
    constants = {"bot.status.worker_alarm.GRACE_SECONDS": GRACE_SECONDS}
    with open_fault_stack(tmp_path, start=("bot",), constants=constants) as stage:
        log = stage.stack.processes["bot"].log
        job = stage.submit_imagine("a lighthouse nobody paints yet")
        requester = stage.requesters[job]

        def is_told() -> bool:
            texts = iter_message_texts(requester.wait_for_status(job))
            return any("isn't running right now" in text for text in texts)

        wait_until(is_told, "a status that tells of it", PATIENCE_SECONDS)
        wait_until(lambda: "CRITICAL" in log.read_text(), "an alarm", PATIENCE_SECONDS)
        stage.start_worker()
        stage.assert_image_posted(job)
        wait_until(lambda: "a worker is there again" in log.read_text(), "the end of the alarm", PATIENCE_SECONDS)

    [alarm] = [line for line in log.read_text().splitlines() if "CRITICAL" in line]
    assert "no worker is alive and jobs wait (1)" in alarm
