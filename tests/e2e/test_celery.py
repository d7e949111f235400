"""The worker as Celery's own command starts it, from the project's folder."""

import subprocess
import sys
from pathlib import Path

from demo.first_picture import wait_until_ready
from demo.house import open_house
from demo.processes import ROOT
from tests.e2e.asker import Asker, media_of

CELERY = Path(sys.executable).with_name("celery")


def test_celerys_own_command_serves_and_ends_in_order(tmp_path: Path) -> None:
    with open_house(tmp_path / "logs", bedrock_options=("--latency", "0"), start=("bot",)) as house:
        wait_until_ready(house)
        command = [str(CELERY), "-A", "worker", "worker"]
        with (tmp_path / "celery.log").open("w") as log:
            worker = subprocess.Popen(command, cwd=ROOT, env=house.environment, stdout=log, stderr=log)
        try:
            ada = Asker(house)
            answer = ada.answer(ada.ask("a castle"))
        finally:
            worker.terminate()
            code = worker.wait(20)

    assert len(media_of(answer)) == 1
    assert code == 0
