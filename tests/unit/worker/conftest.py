"""The stand-in for Bedrock, which the worker's tests call through boto3 as they would call AWS."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch
from urllib.request import Request, urlopen

import pytest
from botocore.loaders import JSONFileLoader

from tests.support.bedrock_standin import run_bedrock_standin

ACCOUNT = {"AWS_ACCESS_KEY_ID": "AKIADEMODEMODEMODEMO", "AWS_SECRET_ACCESS_KEY": "demo-secret-access-key"}


@dataclass(frozen=True)
class BedrockStandIn:
    """The stand-in's URL and its control API (demo/standins/bedrock/control_api.py)."""

    url: str

    def call_control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.url + path, data, method=method), timeout=5) as response:  # noqa: S310 - loopback
            return json.loads(response.read() or b"null")

    def list_calls(self) -> list[dict[str, Any]]:
        calls = self.call_control("GET", "/control/calls")
        return list(calls["calls"] if isinstance(calls, dict) else calls)

    def wait_for_calls(self, prompt: str) -> list[dict[str, Any]]:
        """Wait for a call with this text in its body: it may arrive after the client has given up on it."""
        deadline = time.monotonic() + 5
        while not (calls := [call for call in self.list_calls() if prompt in str(call["body"])]):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return calls


@pytest.fixture(scope="session", autouse=True)
def service_descriptions() -> Iterator[None]:
    """Read boto3's description of each service once, not for each new session: it takes longer than most tests."""
    load_once = cache(JSONFileLoader().load_file)
    with patch.object(JSONFileLoader, "load_file", staticmethod(load_once)):
        yield


@pytest.fixture(scope="session")
def bedrock_server() -> Iterator[BedrockStandIn]:
    with run_bedrock_standin() as url:
        yield BedrockStandIn(url)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set AWS's variables to the stand-in's account, and no others."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    no_configuration = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in {**ACCOUNT, **no_configuration}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def bedrock(bedrock_server: BedrockStandIn, aws: pytest.MonkeyPatch) -> BedrockStandIn:
    """Start without calls and faults in the stand-in, and let boto3 call it, here and in child processes."""
    for variable in ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL_BEDROCK", "AWS_ENDPOINT_URL_STS"):
        aws.setenv(variable, bedrock_server.url)
    bedrock_server.call_control("DELETE", "/control/faults")
    bedrock_server.call_control("DELETE", "/control/calls")
    return bedrock_server
