"""Runs the benchmarks' model server, with the environment in which boto3 finds it."""

import base64
import contextlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.processes import Process, build_clean_environment
from demo.stack import ACCESS_KEY, SECRET_KEY
from tests.benchmarks.baselines import TlsConnection
from tests.benchmarks.sample_images import make_model_image
from tests.support.secured_redis import create_certificate


@dataclass(frozen=True)
class FakeBedrock:
    """A server that answers every call alike; `environment` is for whoever calls it by boto3."""

    port: int
    pid: int
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **build_clean_environment(),
            "AWS_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": f"https://127.0.0.1:{self.port}",
            "AWS_CA_BUNDLE": str(self.folder / "cert.pem"),
        }

    def connect(self) -> TlsConnection:
        """Open a raw connection to it."""
        return TlsConnection(self.port, self.folder / "cert.pem")


@contextlib.contextmanager
def run_fake_bedrock(seconds: float = 0) -> Iterator[FakeBedrock]:
    """Run it, its certificate made for this run; each call takes `seconds`."""
    with tempfile.TemporaryDirectory(prefix="pentimento-model-") as name:
        folder = Path(name)
        create_certificate(folder)
        picture = base64.b64encode(make_model_image()).decode()
        answer = {"seeds": [7], "finish_reasons": [None], "images": [picture]}
        (folder / "answer.json").write_text(json.dumps(answer, separators=(",", ":")), encoding="ascii")
        process = Process(
            "model",
            ("-m", "tests.benchmarks.fake_bedrock_server", name, str(seconds)),
            folder,
            build_clean_environment(),
        )
        try:
            yield FakeBedrock(process.wait_for_report()["port"], process.pid, folder)
        finally:
            process.stop()
