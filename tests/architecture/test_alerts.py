"""Alerts and dashboards: each name of a metric exists, each alert has a page, and each fires when it should alone."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.metrics.definitions import BOT_METRICS
from tests.architecture.docs_tables import DOCS, ROOT
from worker.metrics.definitions import WORKER_METRICS

PROMTOOL = shutil.which("promtool") or ""
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
METRICS = {metric.full_name: metric for metric in (*BOT_METRICS, *WORKER_METRICS)}
OF_OTHERS = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}
needs_promtool = pytest.mark.skipif(
    not PROMTOOL, reason="promtool is not installed (Debian: apt-get install prometheus)"
)

BOT, WORKER = 'instance="bot:9108",job="bot"', 'instance="worker:9108",job="worker"'
SECOND = 'account="222222222222",model="m"'
HEALTHY = {
    f"up{{{BOT}}}": "1x60",
    f"up{{{WORKER}}}": "1x60",
    f'pentimento_ready{{check="database",component="bot",{BOT}}}': "1x60",
    f'pentimento_ready{{check="consumer",component="worker",{WORKER}}}': "1x60",
    f"pentimento_sweep_age_seconds{{{BOT}}}": "0.5x60",
    f'pentimento_oldest_waiting_age_seconds{{class="normal",{BOT}}}': "12x60",
    f'pentimento_oldest_waiting_age_seconds{{class="low",{BOT}}}': "9000x60",
    f"pentimento_leader{{{BOT}}}": "1x60",
    f"pentimento_oldest_undelivered_age_seconds{{{BOT}}}": "1x60",
    f"pentimento_gateway_connected{{{BOT}}}": "1x60",
    f'pentimento_discord_requests_total{{status="200",{BOT}}}': "0+600x60",
    f'pentimento_discord_requests_total{{status="429",{BOT}}}': "0+6x60",
    f"pentimento_dead_letters{{{BOT}}}": "0x60",
    f"pentimento_redis_up{{{BOT}}}": "1x60",
    f"pentimento_redis_memory_used_bytes{{{BOT}}}": "50x60",
    f"pentimento_redis_memory_limit_bytes{{{BOT}}}": "100x60",
    f"pentimento_redis_saved{{{BOT}}}": "1x60",
    f"pentimento_calls_held{{{BOT}}}": "0x60",
    f"pentimento_database_up{{{BOT}}}": "1x60",
    f'pentimento_throttled_calls_total{{account="default",model="m",{WORKER}}}': "0+1x60",
    f'pentimento_call_duration_seconds_count{{model="m",result="generated",{WORKER}}}': "0+60x60",
    f'pentimento_model_paused{{model="m",{BOT}}}': "0x60",
    f'pentimento_model_disabled{{model="m",{BOT}}}': "0x60",
    f'pentimento_call_errors_total{{account="default",model="m",problem="credentials",{WORKER}}}': "5x60",
    f'pentimento_call_errors_total{{{SECOND},problem="busy",{WORKER}}}': "0+1x60",
    f'pentimento_calls_total{{account="default",model="m",result="generated",{WORKER}}}': "0+30x60",
    f'pentimento_calls_total{{{SECOND},result="generated",{WORKER}}}': "0+30x60",
    f'pentimento_calls_total{{{SECOND},result="failed",{WORKER}}}': "0+1x60",
    f"pentimento_account_model_paused{{{SECOND},{BOT}}}": "0x60",
    f"pentimento_account_model_disabled{{{SECOND},{BOT}}}": "0x60",
    f'pentimento_account_model_disabled{{account="default",model="other",{BOT}}}': "1x60",
    f'pentimento_unknown_calls_total{{account="default",model="m",{WORKER}}}': "7x60",
    f'pentimento_outcomes_delivered_total{{kind="generated",model="m",problem="",{BOT}}}': "0+60x60",
    f'pentimento_outcomes_delivered_total{{kind="failed",model="m",problem="busy",{BOT}}}': "0+1x60",
    f"pentimento_last_backup_timestamp_seconds{{{BOT}}}": "-86400x60",
    f'pentimento_budget_used_usd{{period="day",{BOT}}}': "4x60",
    f'pentimento_budget_limit_usd{{period="day",{BOT}}}': "5x60",
    f'pentimento_event_loop_lag_seconds_bucket{{le="0.5",{BOT}}}': "0+120x60",
    f'pentimento_event_loop_lag_seconds_bucket{{le="3.0",{BOT}}}': "0+120x60",
    f'pentimento_event_loop_lag_seconds_bucket{{le="+Inf",{BOT}}}': "0+120x60",
    f'pentimento_redis_errors_total{{component="bot",kind="timeout",{BOT}}}': "3x60",
}
"""A system without a fault, for an hour with a value a minute: also an idle one, and one whose faults are over."""

FAULTS = {
    "NoBot": {f"up{{{BOT}}}": "0x60"},
    "NoWorker": {f"pentimento_sweep_age_seconds{{{BOT}}}": "500x60"},
    "ProcessNotReady": {f'pentimento_ready{{check="consumer",component="worker",{WORKER}}}': "0x60"},
    "OldestJobTooOld": {f'pentimento_oldest_waiting_age_seconds{{class="normal",{BOT}}}': "0+60x60"},
    "NobodyDelivers": {f"pentimento_leader{{{BOT}}}": "0x60"},
    "GatewayGone": {f"pentimento_gateway_connected{{{BOT}}}": "0x60"},
    "DiscordErrors": {f'pentimento_discord_requests_total{{status="429",{BOT}}}': "0+200x60"},
    "DeadLetters": {f"pentimento_dead_letters{{{BOT}}}": "1x60"},
    "RedisDown": {f"pentimento_redis_up{{{BOT}}}": "0x60"},
    "RedisMemoryShort": {f"pentimento_redis_memory_used_bytes{{{BOT}}}": "75x60"},
    "RedisNotSaved": {f"pentimento_redis_saved{{{BOT}}}": "0x60"},
    "CallsHeld": {f"pentimento_calls_held{{{BOT}}}": "1x60"},
    "DatabaseRefuses": {f"pentimento_database_up{{{BOT}}}": "0x60"},
    "Throttled": {f'pentimento_throttled_calls_total{{account="default",model="m",{WORKER}}}': "0+30x60"},
    "ModelPaused": {f'pentimento_model_paused{{model="m",{BOT}}}': "1x60"},
    "ModelDisabled": {f'pentimento_model_disabled{{model="m",{BOT}}}': "1x60"},
    "CredentialsRefused": {
        f'pentimento_call_errors_total{{account="default",model="m",problem="credentials",{WORKER}}}': "0+1x60"
    },
    "AccountRefusesCalls": {f'pentimento_calls_total{{{SECOND},result="generated",{WORKER}}}': "5x60"},
    "UnknownCalls": {f'pentimento_unknown_calls_total{{account="default",model="m",{WORKER}}}': "0+1x60"},
    "ManyFailures": {f'pentimento_outcomes_delivered_total{{kind="failed",model="m",problem="busy",{BOT}}}': "0+30x60"},
    "BudgetNearlySpent": {f'pentimento_budget_used_usd{{period="day",{BOT}}}': "4.8x60"},
    "EventLoopLate": {f'pentimento_event_loop_lag_seconds_bucket{{le="0.5",{BOT}}}': "0+100x60"},
    "BackupTooOld": {f"pentimento_last_backup_timestamp_seconds{{{BOT}}}": "-172801x60"},
    "RedisErrors": {f'pentimento_redis_errors_total{{component="bot",kind="timeout",{BOT}}}': "0+60x60"},
}

IDLE_ACCOUNT = {
    f'pentimento_calls_total{{{SECOND},result="generated",{WORKER}}}': "5x60",
    f'pentimento_calls_total{{{SECOND},result="failed",{WORKER}}}': "2x60",
    f'pentimento_call_errors_total{{{SECOND},problem="busy",{WORKER}}}': "2x60",
}
FURTHER_FAULTS = [
    ("AccountRefusesCalls", IDLE_ACCOUNT | {f"pentimento_account_model_paused{{{SECOND},{BOT}}}": "1x60"}),
    ("AccountRefusesCalls", IDLE_ACCOUNT | {f"pentimento_account_model_disabled{{{SECOND},{BOT}}}": "1x60"}),
    ("", IDLE_ACCOUNT),
]
"""Other ways to the same alert; and an account that has nothing to do gives none."""


def read_alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def iter_expressions() -> Iterator[str]:
    for alert in read_alerts():
        yield alert["expr"]
    for file in DASHBOARDS:
        for panel in json.loads(file.read_text())["panels"]:
            yield from (target["expr"] for target in panel.get("targets", ()))


def test_every_metric_that_a_rule_or_a_dashboard_names_is_told_with_these_labels() -> None:
    seen = set()
    for expression in iter_expressions():
        text = re.sub(r'"[^"]*"', '""', expression)
        for name, labels in re.findall(r"\b(up|process_\w+|pentimento_\w+)(?:\{([^}]*)\})?", text):
            if name in OF_OTHERS:
                continue
            family = METRICS.get(name) or METRICS[re.sub(r"_(bucket|count|sum)$", "", name)]
            assert (family.kind == "histogram") is (family.full_name != name), name
            assert set(re.findall(r"(\w+)\s*(?:=|!|~)", labels)) <= {*family.labels, "instance", "job"}, expression
            seen.add(family.full_name)

    untold = {name for name in METRICS if name not in seen}
    assert untold == set(), "nobody looks at these"


def test_every_alert_has_all_its_words_and_a_page_that_says_what_to_do() -> None:
    headings = re.findall(r"^## (.+)$", (DOCS / "operate" / "alerts.md").read_text(), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    alerts = read_alerts()

    pages = {alert["annotations"]["runbook_url"] for alert in alerts}
    assert pages == {f"docs/operate/alerts.md#{anchor}" for anchor in anchors}
    assert len(pages) == len(alerts)
    for alert in alerts:
        assert alert["labels"]["severity"] in {"warning", "critical"}
        assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}


def test_dashboards_have_panels_with_names_of_their_own() -> None:
    assert len(DASHBOARDS) == 2
    for file in DASHBOARDS:
        board = json.loads(file.read_text())
        panels = board["panels"]
        assert board["uid"] == file.stem
        assert len({panel["id"] for panel in panels}) == len(panels)
        assert len({panel["title"] for panel in panels}) == len(panels)
        assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


@needs_promtool
def test_each_alert_fires_for_its_fault_alone_and_none_without_one(tmp_path: Path) -> None:
    tests = []
    for alert, fault in [("", dict[str, str]()), *FAULTS.items(), *FURTHER_FAULTS]:
        assert fault.keys() <= HEALTHY.keys(), alert
        series = [{"series": name, "values": values} for name, values in (HEALTHY | fault).items()]
        firing = [{"labels": f'{{alertname="{alert}"}}', "value": 1}] if alert else []
        expression = 'count by (alertname) (ALERTS{alertstate="firing"})'
        tests.append(
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [{"expr": expression, "eval_time": "58m", "exp_samples": firing}],
            }
        )
    file = tmp_path / "alerts_test.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": tests}))

    assert FAULTS.keys() == {alert["alert"] for alert in read_alerts()}
    checked = subprocess.run([PROMTOOL, "test", "rules", file], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
