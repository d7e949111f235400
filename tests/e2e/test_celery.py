"""The worker as Celery's own command starts it."""

from pathlib import Path

from demo.first_picture import wait_until_ready
from demo.house import open_house
from demo.processes import Process
from tests.e2e.asker import Asker, media_of


def test_celerys_own_command_serves_and_ends_in_order(tmp_path: Path) -> None:
    with open_house(tmp_path / "logs", bedrock_options=("--latency", "0"), start=("bot",)) as house:
        wait_until_ready(house)
        command = ("-m", "celery", "-A", "worker", "worker", "--loglevel", "INFO")
        worker = Process("celery", command, tmp_path / "logs", house.environment)
        try:
            answer = Asker(house).answer(Asker(house).ask("a castle"))
        finally:
            code = worker.stop()

    assert len(media_of(answer)) == 1
    assert code == 0
