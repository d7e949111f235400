"""Hosts with addresses of their own, between which the network is cut for seconds: a partition, and one direction."""

import subprocess
import sys

import pytest

from demo.processes import ROOT
from tests.hosts.__main__ import SHORT, describe_obstacle

SEED = "16"


@pytest.mark.timeout(600)
def test_a_partition_and_lost_replies_cost_no_answer_and_no_second_payment() -> None:
    if obstacle := describe_obstacle():
        pytest.skip(obstacle)
    command = (sys.executable, "-m", "tests.hosts", "--only", SHORT, "--seed", SEED)
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=580, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("\n| ") == 2 + 2, run.stdout  # two lines of the header, two faults
