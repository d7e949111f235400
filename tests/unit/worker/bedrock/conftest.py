"""A Bedrock client for tests, over the real boto3."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from PIL import Image

from shared.catalogue import Catalogue
from shared.request.builder import build_request
from shared.request.pictures import Pictures
from tests.unit.worker.conftest import BedrockStandIn
from worker.bedrock.client import BedrockImageClient
from worker.call_result import BedrockCallError, FilteredResult, GeneratedImage

PROMPT = "a castle in the fog"


def make_jpeg() -> bytes:
    encoded = io.BytesIO()
    Image.new("RGB", (640, 1536), "teal").save(encoded, "JPEG")
    return encoded.getvalue()


IMAGE = make_jpeg()


@dataclass(frozen=True)
class ClientHarness:
    """A client with short ways to call it."""

    catalogue: Catalogue
    client: BedrockImageClient

    def generate(
        self, model: str = "sd3.5-large", prompt: str = PROMPT, seed: int = 7
    ) -> GeneratedImage | FilteredResult:
        row = self.catalogue.models[model]
        has_picture = row.picture != "none"
        read_prompt = prompt if row.reads_prompts else None
        request = build_request(self.catalogue, prompt=read_prompt, model=model, has_picture=has_picture).request
        sent_seed = seed if "seed" in row.fields else None
        return self.client.generate(request, row, Pictures(IMAGE if has_picture else None), sent_seed)

    def generate_error(self, model: str = "sd3.5-large", prompt: str = PROMPT) -> BedrockCallError:
        with pytest.raises(BedrockCallError) as raised:
            self.generate(model, prompt)
        return raised.value


HarnessFactory = Callable[..., ClientHarness]


@pytest.fixture
def make_harness(catalogue: Catalogue) -> Iterator[HarnessFactory]:
    clients: list[BedrockImageClient] = []

    def build_harness(
        region: str | None = "us-west-2", seconds: float = 20, streaming: tuple[str, ...] = (), threads: int = 4
    ) -> ClientHarness:
        client = BedrockImageClient(region=region, call_seconds=seconds, concurrency=threads, streaming=streaming)
        clients.append(client)
        return ClientHarness(catalogue, client)

    yield build_harness
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def shared_client() -> Iterator[BedrockImageClient]:
    client = BedrockImageClient(region="us-west-2", call_seconds=20, concurrency=4)
    yield client
    client.close()


@pytest.fixture
def shared_harness(catalogue: Catalogue, shared_client: BedrockImageClient, bedrock: BedrockStandIn) -> ClientHarness:
    """One client for many tests, since creating one takes longer than a call."""
    assert bedrock.list_calls() == []
    return ClientHarness(catalogue, shared_client)
