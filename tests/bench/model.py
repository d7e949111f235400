"""The benchmarks' model, running: where it is, what it answers, and the environment in which boto3 finds it."""

import base64
import contextlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.house import ACCESS_KEY, SECRET_KEY
from demo.processes import Process, clean_environment
from tests.bench.floors import Wire
from tests.bench.pictures import painting
from tests.security.locked import certificate


@dataclass(frozen=True)
class Model:
    """A server that answers every call alike; `environment` is for whoever calls it by boto3."""

    port: int
    pid: int
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **clean_environment(),
            "AWS_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": f"https://127.0.0.1:{self.port}",
            "AWS_CA_BUNDLE": str(self.folder / "cert.pem"),
        }

    def wire(self) -> Wire:
        """Open a raw connection to it."""
        return Wire(self.port, self.folder / "cert.pem")


@contextlib.contextmanager
def running_model(seconds: float = 0) -> Iterator[Model]:
    """Run it, its certificate made for this run; each call takes `seconds`."""
    with tempfile.TemporaryDirectory(prefix="pentimento-model-") as name:
        folder = Path(name)
        certificate(folder)
        picture = base64.b64encode(painting()).decode()
        answer = {"seeds": [7], "finish_reasons": [None], "images": [picture]}
        (folder / "answer.json").write_text(json.dumps(answer, separators=(",", ":")), encoding="ascii")
        process = Process("model", ("-m", "tests.bench.model_server", name, str(seconds)), folder, clean_environment())
        try:
            yield Model(process.ready()["port"], process.pid, folder)
        finally:
            process.stop()
