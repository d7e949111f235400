"""One trace for one request, through a restart of the bot, and logs of both processes that a program can read."""

import json
import time
from pathlib import Path

from demo.first_picture import wait_until_ready
from demo.http_client import request_json
from demo.processes import Process
from demo.stack import run_stack
from tests.support.otlp_collector import run_collector
from tests.support.process_logs import wait_for_log
from tests.support.user import DiscordUser, list_media, wait_until

STEPS = {
    ("pentimento-bot", "/imagine"): None,
    ("pentimento-bot", "accept"): "/imagine",
    ("pentimento-worker", "prepare"): "accept",
    ("pentimento-worker", "generate"): "accept",
    ("pentimento-worker", "InvokeModel"): "generate",
    ("pentimento-worker", "finish"): "generate",
    ("pentimento-bot", "deliver"): "accept",
    ("pentimento-bot", "post"): "deliver",
}
"""Each step with the step that it is part of."""


def test_a_request_is_one_trace_and_its_lines_have_its_job(tmp_path: Path) -> None:
    with run_collector() as collector:
        settings = {"TRACING": "true", "LOG_FORMAT": "json", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        with run_stack(tmp_path / "logs", bedrock_options=("--latency", "0.1"), settings=settings) as stack:
            wait_until_ready(stack)
            ada = DiscordUser(stack)
            job = ada.submit_imagine("a castle [slow:1.5]")
            wait_until(lambda: request_json("GET", f"{stack.bedrock_url}/control/calls"), "a call")
            stack.processes["bot"].stop()
            restarted_at = time.time()
            next_bot = Process("bot-again", ("-m", "bot"), tmp_path / "logs", stack.environment)
            try:
                assert len(list_media(ada.wait_for_result(job))) == 1
                wait_for_log(next_bot, "delivered")
            finally:
                next_bot.stop()

    root = next(span for span in collector.spans if span.name == "/imagine")
    spans = {(span.service, span.name): span for span in collector.spans if span.trace_id == root.trace_id}
    names = {span.span_id: span.name for span in collector.spans}
    assert {step: names.get(span.parent_id) for step, span in spans.items() if step[1] != "claim"} == STEPS
    assert {span.attributes["pentimento.job_id"] for span in spans.values() if span is not root} == {job}
    assert spans["pentimento-bot", "deliver"].started_at > restarted_at
    assert spans["pentimento-bot", "deliver"].attributes["pentimento.outcome"] == "generated"
    assert "castle" not in str(collector.spans)

    for name in ("bot", "bot-again", "worker"):
        lines = [json.loads(line) for line in (tmp_path / "logs" / f"{name}.log").read_text().splitlines()]
        own = [line for line in lines if job in line["message"] or line.get("job_id") == job]
        assert own, name
        assert {line["job_id"] for line in own} == {job}
        assert {line["trace_id"] for line in own} == {root.trace_id}
