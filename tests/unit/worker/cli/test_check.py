"""`python -m worker check`, as a person at a terminal runs it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.catalogues import SDXL_OFFERED
from tests.unit.worker.cli.conftest import CommandRunner
from tests.unit.worker.conftest import BedrockStandIn
from worker.cli.check import run_check

pytestmark = pytest.mark.usefixtures("redis_address")

SD35 = "stability.sd3-5-large-v1:0"


@pytest.fixture
def redis_address(redis_url: str, aws: pytest.MonkeyPatch) -> str:
    """Let the worker use an empty Redis."""
    aws.setenv("REDIS_URL", redis_url)
    return redis_url


@pytest.fixture
def set_model_status(bedrock: BedrockStandIn) -> Iterator[Callable[..., None]]:
    """Set the status of models in the stand-in; ACTIVE for the others, and for all after the test."""
    ids = [SD35, "stability.stable-diffusion-xl-v1", "stability.stable-image-core-v1:1"]
    ids.append("stability.stable-fast-upscale-v1:0")

    def set_statuses(**statuses: str) -> None:
        for model, name in zip(ids, ("sd35", "sdxl", "core", "fast"), strict=True):
            bedrock.call_control("PUT", f"/control/models/{model}", {"status": statuses.get(name, "ACTIVE")})

    set_statuses()
    yield set_statuses
    set_statuses()


@pytest.mark.usefixtures("working_directory")
def test_check_passes_for_a_ready_account(
    set_model_status: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_model_status(sdxl="EOL")
    assert run_check(["--region", "us-west-2"]) == 0
    redis, memory, region, credentials, sd35, core, ultra, fast, *others = capsys.readouterr().out.splitlines()
    assert redis.startswith("redis        version ")
    assert ", master, noeviction, append-only file, " in redis
    assert memory == "redis        warning: Redis may use all memory of its machine. Set maxmemory."
    assert (region.split(), credentials.split()) == (["region", "us-west-2"], ["credentials", "env"])
    assert sd35.split() == ["ready", "SD", "3.5", "Large", SD35, "us-west-2"]
    assert core.startswith("ready")
    assert ultra.startswith("ready")
    assert fast.split() == ["ready", "Fast", "Upscale", "us.stability.stable-fast-upscale-v1:0", "us-west-2"]
    assert len(others) == 12
    assert all(line.startswith("ready") for line in others)


@pytest.mark.usefixtures("working_directory")
def test_check_warns_of_a_model_that_is_offered_after_its_end_of_life(
    set_model_status: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_model_status(sdxl="EOL")
    (tmp_path / "mine.toml").write_text(SDXL_OFFERED)

    assert run_check(["--catalogue", str(tmp_path / "mine.toml")]) == 0

    [sdxl] = [line for line in capsys.readouterr().out.splitlines() if "SDXL" in line]
    assert sdxl.startswith("warning  SDXL 1.0")
    assert "Its life ended on 2025-05-20. Withdraw it" in sdxl


@pytest.mark.usefixtures("working_directory")
@pytest.mark.parametrize(
    ("status", "severity", "message"),
    [
        ("EOL", "broken", "AWS has no such model in this region."),
        ("forbidden", "broken", "This account may not use it."),
        ("LEGACY", "warning", "AWS lists it as LEGACY"),
    ],
)
def test_check_reports_the_status_of_a_model(
    status: str, severity: str, message: str, set_model_status: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_model_status(sd35=status)
    assert run_check([]) == (1 if severity == "broken" else 0)
    line = capsys.readouterr().out.splitlines()[4]
    assert line.startswith(severity)
    assert message in line
    set_model_status(fast=status)
    assert run_check([]) == (1 if severity == "broken" else 0)
    line = capsys.readouterr().out.splitlines()[7]
    assert line.startswith(severity)
    assert message in line
    set_model_status()


@pytest.mark.usefixtures("working_directory")
def test_check_reports_refused_and_missing_credentials(
    set_model_status: Callable[..., None], aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_model_status()
    aws.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert run_check([]) == 1
    assert "AWS rejects the credentials. Renew them" in capsys.readouterr().out
    aws.delenv("AWS_SECRET_ACCESS_KEY")
    aws.delenv("AWS_ACCESS_KEY_ID")
    assert run_check([]) == 1
    assert "There are no AWS credentials" in capsys.readouterr().err


@pytest.mark.usefixtures("working_directory")
def test_check_reports_that_aws_cannot_be_reached(aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    aws.setenv("AWS_ENDPOINT_URL_BEDROCK", "http://127.0.0.1:9")
    assert run_check([]) == 1
    assert capsys.readouterr().out.count("AWS is not responding.") == 16


@pytest.mark.usefixtures("working_directory")
def test_check_fails_when_redis_cannot_be_used(
    set_model_status: Callable[..., None], aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_model_status(sdxl="EOL")
    aws.setenv("REDIS_URL", "redis://127.0.0.1:1/0")

    assert run_check([]) == 1

    assert "redis        broken: Nothing listens where REDIS_URL points." in capsys.readouterr().out


@pytest.mark.usefixtures("working_directory")
def test_check_names_a_misspelt_setting(
    set_model_status: Callable[..., None], aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_model_status(sdxl="EOL")
    aws.setenv("WORKER_CONCURENCY", "4")

    assert run_check([]) == 0

    assert "Did you mean WORKER_CONCURRENCY?" in capsys.readouterr().out


def test_check_runs_as_a_process(run_command: CommandRunner, set_model_status: Callable[..., None]) -> None:
    set_model_status()
    process = run_command("check")
    assert process.returncode == 0
    assert SD35.encode() in process.stdout


@pytest.mark.usefixtures("working_directory")
def test_check_fails_if_the_guardrail_may_not_be_used(
    set_model_status: Callable[..., None],
    bedrock: BedrockStandIn,
    aws: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_model_status(sdxl="EOL")
    aws.setenv("GUARDRAIL_ID", "demoguardrail")
    aws.setenv("GUARDRAIL_VERSION", "1")
    bedrock.call_control("POST", "/control/guardrail", {"answer": "access-denied"})

    assert run_check([]) == 1

    [found] = [text for text in capsys.readouterr().out.splitlines() if text.startswith("guardrail")]
    assert found.startswith("guardrail    broken: It does not check pictures: ")
    assert "allow bedrock:ApplyGuardrail in IAM." in found
