"""The metrics and the health of a real bot and a real worker, after a picture: all that is defined is told."""

import re
import shutil
import subprocess

from bot.metrics.definitions import BOT_METRICS
from demo.stack import Stack
from shared.metrics.definition import MetricDefinition
from tests.support.monitoring import fetch_page, find_monitoring_url, list_failing_checks
from tests.support.user import DiscordUser, wait_until
from worker.metrics.definitions import WORKER_METRICS

ID = re.compile(r"\{[^}\n]*\d{15,}")


def scrape(url: str) -> str:
    status, text = fetch_page(f"{url}/metrics")
    assert status == 200
    return text


def wait_until_well(url: str) -> None:
    """Wait until all checks pass: discord.py is ready some seconds after the first command is answered."""
    wait_until(lambda: not list_failing_checks(url), "a process that is ready")


def read_sum(text: str, name: str) -> float:
    """Add up all samples of this name."""
    return sum(float(value) for value in re.findall(rf"^pentimento_{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


def assert_metrics_are_as_defined(text: str, metrics: tuple[MetricDefinition, ...]) -> None:
    told = dict(re.findall(r"^# TYPE (pentimento_\w+) (\w+)$", text, re.MULTILINE))
    assert told == {metric.full_name: metric.kind for metric in metrics}
    assert not ID.search(text), "a label names a person, a server or a job"
    if promtool := shutil.which("promtool"):
        checked = subprocess.run(
            [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_bot_and_worker_tell_what_they_have_done(stack: Stack, ada: DiscordUser) -> None:
    bot, worker = (find_monitoring_url(stack.processes[name]) for name in ("bot", "worker"))
    wait_until_well(bot)
    before = scrape(bot), scrape(worker)
    job = ada.submit_imagine("a lighthouse, counted")
    ada.wait_for_result(job)
    wait_until(
        lambda: read_sum(scrape(bot), "outcomes_delivered_total") > read_sum(before[0], "outcomes_delivered_total"),
        "a delivery that is counted",
    )

    after = scrape(bot), scrape(worker)

    def measure_growth(half: int, name: str) -> float:
        return read_sum(after[half], name) - read_sum(before[half], name)

    assert_metrics_are_as_defined(after[0], BOT_METRICS)
    assert_metrics_are_as_defined(after[1], WORKER_METRICS)
    for name in ("jobs_accepted_total", "job_duration_seconds_count", "delivery_duration_seconds_count"):
        assert measure_growth(0, name) == 1, name
    for name in ("call_duration_seconds_count", "calls_total", "jobs_finished_total", "call_wait_seconds_count"):
        assert measure_growth(1, name) == 1, name
    assert measure_growth(0, "discord_requests_total") >= 2
    assert measure_growth(0, "event_loop_lag_seconds_count") >= 1
    assert (read_sum(after[0], "leader"), read_sum(after[0], "gateway_connected")) == (1, 1)
    assert read_sum(after[1], "worker_concurrency") == 32


def test_both_are_alive_and_ready_and_name_each_check(stack: Stack) -> None:
    checks = {}
    for name in ("bot", "worker"):
        url = find_monitoring_url(stack.processes[name])
        assert fetch_page(f"{url}/healthz")[0] == 200
        wait_until_well(url)
        checks[name] = set(re.findall(r'"(\w+)": "ok"', fetch_page(f"{url}/readyz")[1])) - {"status"}
        assert fetch_page(f"{url}/elsewhere")[0] == 404

    assert checks["bot"] == {"gateway", "redis", "database", "delivery", "workers"}
    assert checks["worker"] == {"maintenance", "consumer", "redis", "claiming"}
