"""`python -m worker doctor`, as a person at a terminal runs it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.catalogues import SDXL_OFFERED
from tests.unit.worker.cli.conftest import CommandRunner
from tests.unit.worker.conftest import BedrockStandIn
from worker.doctor.command import run_doctor

pytestmark = pytest.mark.usefixtures("redis_address")

SD35 = "stability.sd3-5-large-v1:0"


def read_lines(output: str) -> dict[str, str]:
    """Return the line of each finding by its name."""
    return {line.split()[1]: line for line in output.splitlines()[:-1]}


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
def test_the_doctor_passes_a_ready_account(
    set_model_status: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_model_status(sdxl="EOL")

    assert run_doctor(["--region", "us-east-1"]) == 0

    lines = read_lines(capsys.readouterr().out)
    assert lines["redis.server"].startswith("ok")
    assert lines["redis.memory"].startswith("warning")
    assert "us-east-1 (argument)" in lines["setting.AWS_REGION"]
    assert "(hidden) (environment)" in lines["setting.AWS_SECRET_ACCESS_KEY"]
    assert "us-east-1 has 13 of 16 models on offer; 3 in us-west-2 are called." in lines["aws.region"]
    assert "The access key of an IAM user, from the environment." in lines["aws.credentials"]
    assert lines["clock.aws"].startswith("ok")
    models = [line for name, line in lines.items() if name.startswith("model.")]
    assert len(models) == 16
    assert all(line.startswith("ok") for line in models)
    assert f"{SD35} in us-west-2: ready." in lines["model.sd3.5-large"]
    assert "us.stability.stable-fast-upscale-v1:0 in us-east-1: ready." in lines["model.fast-upscale"]


@pytest.mark.usefixtures("working_directory")
def test_the_doctor_warns_of_a_model_that_is_offered_after_its_end_of_life(
    set_model_status: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_model_status(sdxl="EOL")
    (tmp_path / "mine.toml").write_text(SDXL_OFFERED)

    assert run_doctor(["--catalogue", str(tmp_path / "mine.toml")]) == 0

    sdxl = read_lines(capsys.readouterr().out)["model.sdxl"]
    assert sdxl.startswith("warning")
    assert "its life ended on 2025-05-20. Withdraw it" in sdxl


@pytest.mark.usefixtures("working_directory")
@pytest.mark.parametrize(
    ("status", "severity", "message"),
    [
        ("EOL", "error", "AWS has no such model in this region."),
        ("forbidden", "error", "this account may not use it."),
        ("LEGACY", "warning", "AWS lists it as LEGACY"),
    ],
)
def test_the_doctor_reports_the_status_of_a_model(
    status: str, severity: str, message: str, set_model_status: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_model_status(sd35=status, fast=status)

    assert run_doctor([]) == (1 if severity == "error" else 0)

    lines = read_lines(capsys.readouterr().out)
    for name in ("model.sd3.5-large", "model.fast-upscale"):
        assert lines[name].startswith(severity)
        assert message in lines[name]


@pytest.mark.usefixtures("working_directory")
@pytest.mark.parametrize(
    ("changes", "name", "message"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "model.sd3.5-large", "AWS rejects the credentials. Renew them"),
        (
            {"AWS_SECRET_ACCESS_KEY": ""},
            "aws.credentials",
            "Half of the credentials is missing (AWS_SECRET_ACCESS_KEY)",
        ),
        (
            {"AWS_SECRET_ACCESS_KEY": "", "AWS_ACCESS_KEY_ID": ""},
            "aws.credentials",
            "There are no AWS credentials. Set",
        ),
        ({"AWS_ACCESS_KEY_ID": "ASIADEMODEMODEMODEMO"}, "aws.credentials", "without their session token"),
        ({"AWS_PROFILE": "nobody"}, "setting.AWS_PROFILE", "have no such profile. Add it there"),
        ({"AWS_REGION": "us-wst-2"}, "setting.AWS_REGION", "AWS has no such region. Write its code"),
        ({"AWS_REGION": "US West (Oregon)"}, "setting.AWS_REGION", "it is not the code of a region."),
        ({"CATALOGUE_FILE": "wrong.toml"}, "setting.CATALOGUE_FILE", "there is no such model"),
        ({"REDIS_URL": "http://127.0.0.1"}, "setting.REDIS_URL", "it does not begin with redis://"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "redis.round", "Nothing listens where REDIS_URL points."),
        ({"BEDROCK_CALL_SECONDS": "-1"}, "setting.BEDROCK_CALL_SECONDS", "greater than 0"),
        (
            {"C2PA_CERTIFICATE_FILE": "x.pem", "C2PA_PRIVATE_KEY_FILE": "x.key"},
            "setting.C2PA_CERTIFICATE_FILE",
            "No such",
        ),
    ],
)
def test_the_doctor_names_a_mistake(
    changes: dict[str, str],
    name: str,
    message: str,
    set_model_status: Callable[..., None],
    aws: pytest.MonkeyPatch,
    working_directory: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_model_status(sdxl="EOL")
    (working_directory / "wrong.toml").write_text("[models.sdxll]\nprice_usd = 1\n", encoding="utf-8")
    for variable, value in changes.items():
        aws.setenv(variable, value)

    assert run_doctor([]) == (2 if name.startswith("setting.") else 1)

    line = read_lines(capsys.readouterr().out)[name]
    assert line.startswith("error")
    assert message in line


@pytest.mark.usefixtures("working_directory")
def test_the_doctor_names_all_wrong_settings_at_once_and_no_value(
    aws: pytest.MonkeyPatch, working_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (working_directory / "wrong.toml").write_text("x = ", encoding="utf-8")
    for name, value in {"CATALOGUE_FILE": "wrong.toml", "AWS_PROFILE": "n0body", "C2PA_CERTIFICATE_FILE": "x"}.items():
        aws.setenv(name, value)
    aws.setenv("C2PA_PRIVATE_KEY_FILE", "y")

    assert run_doctor([]) == 2

    output = capsys.readouterr().out
    assert "3 errors" in output
    assert {name for name, line in read_lines(output).items() if line.startswith("error")} == {
        *("setting.CATALOGUE_FILE", "setting.AWS_PROFILE", "setting.C2PA_CERTIFICATE_FILE")
    }


@pytest.mark.usefixtures("working_directory")
def test_the_doctor_asks_a_region_that_does_not_respond_once(
    aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.setenv("AWS_ENDPOINT_URL_BEDROCK", "http://127.0.0.1:9")

    assert run_doctor([]) == 1

    assert capsys.readouterr().out.count("AWS is not responding.") == 16


@pytest.mark.usefixtures("working_directory")
def test_the_report_names_no_secret_and_nobody(
    set_model_status: Callable[..., None],
    aws: pytest.MonkeyPatch,
    redis_address: str,
    working_directory: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_model_status(sdxl="EOL")
    aws.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-s3cret")
    aws.setenv("HTTP_PROXY", "http://ada:pa%2Fss@proxy.example.org:3128")
    aws.setenv("GUARDRAIL_ID", "arn:aws:bedrock:us-west-2:123456789012:guardrail/abc")
    aws.setenv("GUARDRAIL_VERSION", "1")

    run_doctor(["--json", "--report", "report.md"])

    document, report = (
        json.loads(capsys.readouterr().out),
        (working_directory / "report.md").read_text(encoding="utf-8"),
    )
    assert document["half"] == "worker"
    settings = {finding["name"]: finding["state"] for finding in document["findings"]}
    assert settings["setting.HTTP_PROXY"] == "http://proxy.example.org:3128 (environment)"
    assert settings["setting.LOG_LEVEL"] == "INFO (default)"
    for secret in ("s3cret", "pa%2Fss", "pa/ss", "demo-secret", "ada"):
        assert secret not in json.dumps(document)
    for word in ("s3cret", "example.org", "123456789012", "AKIADEMO", str(Path.home())):
        assert word not in report
    assert "arn:aws:bedrock:us-west-2:(account):guardrail/abc (environment)" in report
    assert "setting.LEASE_SECONDS" in report
    assert "pentimento 0.1.0, stored format" in report


@pytest.mark.usefixtures("working_directory")
def test_the_doctor_names_settings_that_are_none(
    set_model_status: Callable[..., None],
    aws: pytest.MonkeyPatch,
    working_directory: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_model_status(sdxl="EOL")
    aws.setenv("WORKER_CONCURENCY", "4")
    (working_directory / ".env").write_text("WORKERS=3\nDISCORD_TOKEN=a\nOTEL_SERVICE_NAME=b\n", encoding="utf-8")
    aws.delenv("WORKERS", raising=False)

    assert run_doctor([]) == 0

    lines = read_lines(capsys.readouterr().out)
    assert "Did you mean WORKER_CONCURRENCY?" in lines["WORKER_CONCURENCY"]
    assert [lines[name].startswith("warning") for name in ("WORKERS", "WORKER_CONCURENCY")] == [True, True]
    assert "OTEL_SERVICE_NAME" not in lines


def test_check_is_the_doctor_as_a_process(run_command: CommandRunner, set_model_status: Callable[..., None]) -> None:
    set_model_status()
    process = run_command("check")
    assert process.returncode == 0
    assert process.stderr == b""
    assert SD35.encode() in process.stdout


@pytest.mark.usefixtures("working_directory")
def test_the_doctor_fails_if_the_guardrail_may_not_be_used(
    set_model_status: Callable[..., None],
    bedrock: BedrockStandIn,
    aws: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_model_status(sdxl="EOL")
    aws.setenv("GUARDRAIL_ID", "demoguardrail")
    aws.setenv("GUARDRAIL_VERSION", "1")
    bedrock.call_control("POST", "/control/guardrail", {"answer": "access-denied"})

    assert run_doctor([]) == 1

    found = read_lines(capsys.readouterr().out)["guardrail"]
    assert found.startswith("error")
    assert "It does not check pictures: " in found
    assert "allow bedrock:ApplyGuardrail in IAM." in found


ROLES = ("arn:aws:iam::111111111111:role/pentimento", "arn:aws:iam::222222222222:role/pentimento")


@pytest.fixture
def two_accounts(bedrock: BedrockStandIn, aws: pytest.MonkeyPatch) -> Iterator[BedrockStandIn]:
    aws.setenv("BEDROCK_ACCOUNTS", ",".join(ROLES))
    yield bedrock
    bedrock.call_control("PUT", "/control/roles/222222222222", {"answer": "allow"})
    for account in ("111111111111", "222222222222"):
        bedrock.call_control("PUT", f"/control/models/{SD35}", {"status": "ACTIVE", "account": account})


@pytest.mark.usefixtures("working_directory")
def test_the_doctor_names_each_account_and_each_models_access_in_it(
    two_accounts: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    forbidden = {"status": "forbidden", "account": "222222222222"}
    two_accounts.call_control("PUT", f"/control/models/{SD35}", forbidden)

    assert run_doctor(["--region", "us-west-2"]) == 0

    lines = read_lines(capsys.readouterr().out)
    assert f"{ROLES[0]} can be assumed." in lines["account.111111111111"]
    assert lines["account.111111111111.model.sd3.5-large"].startswith("ok")
    assert lines["account.222222222222.model.sd3.5-large"].startswith("warning")
    assert "this account may not use it." in lines["account.222222222222.model.sd3.5-large"]
    two_accounts.call_control("PUT", f"/control/models/{SD35}", forbidden | {"account": "111111111111"})
    assert run_doctor(["--region", "us-west-2"]) == 1, "no account may use it"


@pytest.mark.usefixtures("working_directory")
def test_the_doctor_names_a_role_that_cannot_be_assumed(
    two_accounts: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    two_accounts.call_control("PUT", "/control/roles/222222222222", {"answer": "deny"})

    assert run_doctor(["--region", "us-west-2"]) == 1

    lines = read_lines(capsys.readouterr().out)
    refused = lines["account.222222222222"]
    assert refused.startswith("error")
    assert f"not authorized to perform: {ROLES[1]}. Check BEDROCK_ACCOUNTS, the role's trust policy" in refused
    assert not any(name.startswith("account.222222222222.") for name in lines)


@pytest.mark.usefixtures("working_directory", "two_accounts")
def test_an_api_key_and_roles_exclude_each_other(aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    aws.setenv("AWS_BEARER_TOKEN_BEDROCK", "key")

    assert run_doctor([]) == 2
    assert "BEDROCK_ACCOUNTS names roles, and an API key cannot assume one." in capsys.readouterr().out
