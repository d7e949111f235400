"""One stand-in for all tests of this folder, made clean before each."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.bedrock_standin import (
    SD35,
    BedrockStandIn,
    make_control_plane_client,
    make_runtime_client,
    run_bedrock_standin,
)


@pytest.fixture(scope="session")
def bedrock_server() -> Iterator[BedrockStandIn]:
    with run_bedrock_standin() as url:
        address = urlsplit(url)
        clients = make_runtime_client(url), make_control_plane_client(url)
        yield BedrockStandIn(str(address.hostname), address.port or 0, *clients)
        for client in clients:
            client.close()


@pytest.fixture
def bedrock_standin(bedrock_server: BedrockStandIn) -> BedrockStandIn:
    bedrock_server.call_control("DELETE", "/control/faults")
    bedrock_server.call_control("POST", "/control/latency", {"seconds": 0})
    bedrock_server.call_control("PUT", f"/control/models/{SD35}", {"status": "ACTIVE"})
    bedrock_server.call_control("DELETE", "/control/calls")
    return bedrock_server
