"""The worker started by Celery's own command in the project's folder."""

import subprocess
import sys
from pathlib import Path

from demo.first_picture import wait_until_ready
from demo.processes import ROOT
from demo.stack import run_stack
from tests.support.user import DiscordUser, list_media

CELERY = Path(sys.executable).with_name("celery")


def test_celerys_own_command_runs_the_worker_and_stops_cleanly(tmp_path: Path) -> None:
    with run_stack(tmp_path / "logs", bedrock_options=("--latency", "0"), services=("bot",)) as stack:
        wait_until_ready(stack)
        command = [str(CELERY), "-A", "worker", "worker"]
        with (tmp_path / "celery.log").open("w") as log:
            worker = subprocess.Popen(command, cwd=ROOT, env=stack.environment, stdout=log, stderr=log)
        try:
            ada = DiscordUser(stack)
            answer = ada.wait_for_result(ada.submit_imagine("a castle"))
        finally:
            worker.terminate()
            code = worker.wait(20)

    assert len(list_media(answer)) == 1
    assert code == 0
