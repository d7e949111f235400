"""A stand-in for Bedrock that the worker's tests call by boto3, as they would call AWS."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import pytest

ACCOUNT = {"AWS_ACCESS_KEY_ID": "AKIADEMODEMODEMODEMO", "AWS_SECRET_ACCESS_KEY": "demo-secret-access-key"}


@dataclass(frozen=True)
class BedrockStandIn:
    """The stand-in's address, and its control API (demo/standins/bedrock/control_api.py)."""

    url: str

    def call_control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.url + path, data, method=method), timeout=5) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read() or b"null")

    def list_calls(self) -> list[dict[str, Any]]:
        listed = self.call_control("GET", "/control/calls")
        return list(listed["calls"] if isinstance(listed, dict) else listed)

    def wait_for_calls(self, prompt: str) -> list[dict[str, Any]]:
        """List the calls with this in their prompt, once there is one: who gave up may have done so before it came."""
        patience = time.monotonic() + 5
        while not (found := [call for call in self.list_calls() if prompt in str(call["body"])]):
            if time.monotonic() > patience:
                break
            time.sleep(0.05)
        return found


@pytest.fixture(scope="session")
def bedrock_server() -> Iterator[BedrockStandIn]:
    command = [sys.executable, "-m", "demo.standins.bedrock", "--port", "0", "--fast"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    try:
        yield BedrockStandIn(json.loads(process.stdout.readline())["url"])
    finally:
        process.terminate()
        process.wait(5)
        process.stdout.close()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with the stand-in's account in it and nothing else of AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    nowhere = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in {**ACCOUNT, **nowhere}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def bedrock(bedrock_server: BedrockStandIn, aws: pytest.MonkeyPatch) -> BedrockStandIn:
    """The stand-in with clean books, for boto3 and for processes that are started."""
    for variable in ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL_BEDROCK"):
        aws.setenv(variable, bedrock_server.url)
    bedrock_server.call_control("DELETE", "/control/faults")
    bedrock_server.call_control("DELETE", "/control/calls")
    return bedrock_server
