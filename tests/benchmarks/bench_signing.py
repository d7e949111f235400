"""`signing`: CPU of a job of words whose result is signed with content credentials, against the same job unsigned."""

import os
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from unittest.mock import patch

from shared.request.pictures import Pictures
from tests.benchmarks.bench_cpu_job import MODEL, make_request
from tests.benchmarks.fake_bedrock import run_fake_bedrock
from tests.benchmarks.measurements import measure_alternately, measure_cpu_ms
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.support.certificates import make_certificate
from worker.bedrock.client import BedrockImageClient
from worker.call_result import GeneratedImage
from worker.result_metadata import FinishedPicture, finish_picture
from worker.signing import PictureSigner, load_signer

GOAL = 2.0


def run_job(client: BedrockImageClient, signer: PictureSigner | None) -> FinishedPicture:
    """Make one picture from words, mark it and, with a signer, sign it."""
    request = make_request(has_picture=False)
    answer = client.generate(request, MODEL, Pictures(), 7)
    assert isinstance(answer, GeneratedImage)
    return finish_picture(answer, request, MODEL, signer, Pictures(), job_id="1234567890")


def measure(quick: bool) -> list[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        paths = make_certificate().write(Path(folder))
        signer = load_signer(paths["c2pa_certificate_file"], paths["c2pa_private_key_file"])
    with run_fake_bedrock() as model, patch.dict(os.environ, model.environment, clear=True):
        client = BedrockImageClient(region="us-west-2", call_seconds=60, concurrency=1)
        try:
            signed, unsigned = measure_alternately(
                5 if quick else 15,
                partial(measure_cpu_ms, partial(run_job, client, signer), 10),
                partial(measure_cpu_ms, partial(run_job, client, None), 10),
            )
        finally:
            client.close()
    note = f"{median(signed):.1f} ms against {median(unsigned):.1f} ms of CPU"
    return [compute_ratio("signing[text only]", signed, unsigned, GOAL, note=note)]
