"""A client of the Bedrock stand-in: boto3 for the service, HTTP for its control API."""

import base64
import http.client
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from PIL import Image, ImageDraw

from tests.support.images import encode_image

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

SDXL = "stability.stable-diffusion-xl-v1"
SD35 = "stability.sd3-5-large-v1:0"
ULTRA = "stability.stable-image-ultra-v1:1"
CORE = "stability.stable-image-core-v1:1"
FAST = "us.stability.stable-fast-upscale-v1:0"
CONSERVATIVE = "us.stability.stable-conservative-upscale-v1:0"
ACCESS_KEY, SECRET_KEY, API_KEY = "AKIADEMODEMODEMODEMO", "demo-secret-access-key", "demo-api-key"
SINGLE_ATTEMPT_CONFIG = Config(
    retries={"total_max_attempts": 1, "mode": "standard"},
    connect_timeout=30,
    read_timeout=60,
    signature_version="v4",  # otherwise an API key in the environment would take precedence
)


@contextmanager
def run_bedrock_standin() -> Iterator[str]:
    """Run the stand-in in a process of its own; yield its URL."""
    command = [sys.executable, "-m", "demo.standins.bedrock", "--port", "0", "--fast"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait(5)
        process.stdout.close()


@dataclass(frozen=True)
class BedrockStandIn:
    host: str
    port: int
    runtime: "BedrockRuntimeClient"
    control_plane: "BedrockClient"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def send_request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def call_control(self, method: str, path: str, body: object = None) -> Any:
        status, _, answer = self.send_request(method, path, None if body is None else json.dumps(body).encode())
        assert status < 300, answer
        return json.loads(answer) if answer else None

    def list_calls(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.call_control("GET", "/control/calls")
        return listed

    def invoke(self, model: str, body: object) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.invoke_raw(model, body))
        return answer

    def invoke_raw(self, model: str, body: object) -> bytes:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        reply = self.runtime.invoke_model(
            modelId=model, body=data, contentType="application/json", accept="application/json"
        )
        with closing(reply["body"]) as answer:
            return answer.read()

    def invoke_streaming(self, model: str, body: object) -> list[bytes]:
        reply = self.runtime.invoke_model_with_response_stream(
            modelId=model, body=json.dumps(body).encode(), contentType="application/json", accept="application/json"
        )
        with closing(reply["body"]) as events:
            return [event["chunk"]["bytes"] for event in events]


def make_runtime_client(
    url: str,
    secret_key: str = SECRET_KEY,
    access_key: str = ACCESS_KEY,
    read_timeout: int = 60,
    region: str = "us-west-2",
) -> "BedrockRuntimeClient":
    return boto3.session.Session().client(
        "bedrock-runtime",
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=SINGLE_ATTEMPT_CONFIG.merge(Config(read_timeout=read_timeout)),
    )


def make_control_plane_client(url: str) -> "BedrockClient":
    return boto3.session.Session().client(
        "bedrock",
        region_name="us-west-2",
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=SINGLE_ATTEMPT_CONFIG,
    )


def make_image_base64(width: int = 1024, height: int = 1024, form: str = "JPEG") -> str:
    """Return a simple landscape in base64."""
    image = Image.new("RGB", (width, height), "#7ab6e8")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 2 // 3, width, height), fill="#4f8a44")
    draw.ellipse((width // 3, height // 4, width * 2 // 3, height * 3 // 4), fill="#d9a066")
    return encode_base64(image, form)


def encode_base64(image: Image.Image, form: str = "PNG") -> str:
    """Encode an image as a body has it."""
    return base64.b64encode(encode_image(image, form)).decode()


def open_base64_image(text: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(text, validate=True)))
    image.load()
    return image


def make_sdxl_body(prompt: str = "a castle in fog", **more: object) -> dict[str, object]:
    return {"text_prompts": [{"text": prompt}], "init_image": make_image_base64(), "seed": 7, **more}


def make_sd35_body(prompt: str = "a castle in fog", **more: object) -> dict[str, object]:
    return {
        "prompt": prompt,
        "mode": "image-to-image",
        "image": make_image_base64(320, 256),
        "strength": 0.65,
        "seed": 7,
        **more,
    }
