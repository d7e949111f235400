"""One stand-in for all tests of this folder, made clean before each."""

import json
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.bedrock_standin import SD35, BedrockStandIn, make_control_plane_client, make_runtime_client


@pytest.fixture(scope="session")
def bedrock_server() -> Iterator[BedrockStandIn]:
    process = subprocess.Popen(
        [sys.executable, "-m", "demo.standins.bedrock", "--port", "0", "--fast"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        url = json.loads(process.stdout.readline())["url"]
        address = urlsplit(url)
        clients = make_runtime_client(url), make_control_plane_client(url)
        yield BedrockStandIn(str(address.hostname), address.port or 0, *clients)
        for client in clients:
            client.close()
    finally:
        process.terminate()
        process.wait(5)
        process.stdout.close()


@pytest.fixture
def bedrock_standin(bedrock_server: BedrockStandIn) -> BedrockStandIn:
    bedrock_server.call_control("DELETE", "/control/faults")
    bedrock_server.call_control("POST", "/control/latency", {"seconds": 0})
    bedrock_server.call_control("PUT", f"/control/models/{SD35}", {"status": "ACTIVE"})
    bedrock_server.call_control("DELETE", "/control/calls")
    return bedrock_server
