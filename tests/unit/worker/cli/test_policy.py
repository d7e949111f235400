"""`python -m worker policy`: the grammar of IAM, the ARNs of the catalogue, and nothing beside them."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from shared.catalogue import Catalogue, load_catalogue
from tests.support.catalogues import SDXL_OFFERED
from worker.bedrock.client import choose_region
from worker.bedrock.iam_policy import MAX_MANAGED_POLICY_LENGTH
from worker.cli.policy import run_policy

ACCOUNT = "123456789012"
ROLE = "arn:aws:iam::210987654321:role/pentimento"


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, aws: pytest.MonkeyPatch) -> Path:
    aws.chdir(tmp_path)
    return tmp_path


def print_policy(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[dict[str, Any], str]:
    assert run_policy(arguments) == 0
    captured = capsys.readouterr()
    policy: dict[str, Any] = json.loads(captured.out)
    return policy, captured.err


def is_allowed(policy: dict[str, Any], action: str, arn: str, profile: str | None = None) -> bool:
    """Decide as IAM does for a policy that only allows, by one key of conditions."""
    return any(
        action in statement["Action"]
        and any(fnmatchcase(arn, pattern) for pattern in statement["Resource"])
        and (
            "Condition" not in statement
            or any(
                fnmatchcase(profile or "", p) for p in statement["Condition"]["ArnLike"]["bedrock:InferenceProfileArn"]
            )
        )
        for statement in policy["Statement"]
    )


@pytest.mark.parametrize("region", ["us-west-2", "us-east-1", "eu-central-1"])
def test_every_call_of_the_models_on_offer_is_allowed_and_no_other(
    region: str, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue: Catalogue = load_catalogue()

    policy, notes = print_policy(capsys, "--account", ACCOUNT, "--region", region)

    assert notes == ""
    assert len(json.dumps(policy, separators=(",", ":"))) <= MAX_MANAGED_POLICY_LENGTH
    for model in catalogue:
        called = choose_region(model, region)
        plain = f"arn:aws:bedrock:{{}}::foundation-model/{model.id.removeprefix('us.')}"
        profile = f"arn:aws:bedrock:{called}:{ACCOUNT}:inference-profile/{model.id}"
        is_offered = catalogue.is_offered(model)
        if not model.id.startswith("us."):
            assert is_allowed(policy, "bedrock:InvokeModel", plain.format(called)) is is_offered
            continue
        assert is_allowed(policy, "bedrock:InvokeModel", profile) is is_offered
        assert is_allowed(policy, "bedrock:GetInferenceProfile", profile) is is_offered
        for place in model.regions:
            assert is_allowed(policy, "bedrock:InvokeModel", plain.format(place), profile) is is_offered
            assert not is_allowed(policy, "bedrock:InvokeModel", plain.format(place))
        assert not is_allowed(policy, "bedrock:InvokeModel", plain.format("ap-south-1"), profile)
    assert not is_allowed(policy, "bedrock:InvokeModel", f"arn:aws:bedrock:{region}::foundation-model/other.model-v1:0")
    assert not is_allowed(policy, "bedrock:ApplyGuardrail", f"arn:aws:bedrock:{region}:{ACCOUNT}:guardrail/abc")
    assert is_allowed(policy, "bedrock:GetFoundationModelAvailability", "arn:aws:bedrock:us-west-2::foundation-model/x")


def test_streams_guardrails_and_roles_are_in_it_if_they_are_set(
    aws: pytest.MonkeyPatch, working_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (working_directory / "mine.toml").write_text(SDXL_OFFERED, encoding="utf-8")
    for name, value in {
        "CATALOGUE_FILE": "mine.toml",
        "BEDROCK_STREAMING": "sdxl",
        "GUARDRAIL_ID": "abc",
        "GUARDRAIL_VERSION": "1",
        "BEDROCK_ACCOUNTS": f"default,{ROLE}",
    }.items():
        aws.setenv(name, value)
    sdxl = "arn:aws:bedrock:us-west-2::foundation-model/stability.stable-diffusion-xl-v1"
    guardrail = f"arn:aws:bedrock:us-west-2:{ACCOUNT}:guardrail/abc"

    own, notes = print_policy(capsys, "--account", ACCOUNT)
    of_role, _ = print_policy(capsys, "--account", "210987654321")

    for policy in (own, of_role):
        assert is_allowed(policy, "bedrock:InvokeModelWithResponseStream", sdxl)
        assert not is_allowed(policy, "bedrock:InvokeModel", sdxl)
    assert [is_allowed(policy, "bedrock:ApplyGuardrail", guardrail) for policy in (own, of_role)] == [True, False]
    assert [is_allowed(policy, "sts:AssumeRole", ROLE) for policy in (own, of_role)] == [True, False]
    assert "Those of its roles: --account 210987654321." in notes
    assert "inference-profile/us.stability.stable-fast-upscale" in json.dumps(of_role)
    assert ACCOUNT not in json.dumps(of_role)


def test_the_credentials_of_roles_alone_call_no_model(
    aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.setenv("BEDROCK_ACCOUNTS", ROLE)

    policy, _ = print_policy(capsys)

    assert policy["Statement"] == [
        {"Sid": "AssumeRoles", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [ROLE]}
    ]


@pytest.mark.parametrize("arguments", [(), ("--account", ACCOUNT, "--region", "us-east-1")])
def test_it_has_the_grammar_of_iam_and_names_actions_that_exist(
    arguments: tuple[str, ...], aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    validation = pytest.importorskip("moto.iam.policy_validation")
    aws.setenv("GUARDRAIL_ID", "abc")
    aws.setenv("GUARDRAIL_VERSION", "1")
    aws.setenv("BEDROCK_ACCOUNTS", f"default,{ROLE}")

    policy, notes = print_policy(capsys, *arguments)

    validation.IAMPolicyDocumentValidator(json.dumps(policy)).validate()
    assert ("It names no account." in notes) is (not arguments)
    sids = [statement["Sid"] for statement in policy["Statement"]]
    assert len(set(sids)) == len(sids)
    session = botocore.session.Session()
    operations = {
        f"{prefix}:{operation}"
        for prefix, service in (("bedrock", "bedrock"), ("bedrock", "bedrock-runtime"), ("sts", "sts"))
        for operation in session.get_service_model(service).operation_names
    }
    assert {action for statement in policy["Statement"] for action in statement["Action"]} <= operations


def test_an_account_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_policy(["--account", "1234"])

    assert ended.value.code == 2
    assert "an account has 12 digits" in capsys.readouterr().err


def test_the_bucket_of_pictures_is_allowed_to_both_halves(
    aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.setenv("PICTURES_URL", "s3://pictures/waiting?region=eu-central-1&sse=aws:kms&kms_key_id=0a1b")

    of_bot, _ = print_policy(capsys, "--account", ACCOUNT, "--bot")
    of_worker, _ = print_policy(capsys, "--account", ACCOUNT)

    key = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0a1b"
    for action in ("s3:PutObject", "s3:GetObject", "s3:DeleteObject"):
        assert is_allowed(of_bot, action, "arn:aws:s3:::pictures/waiting/1/upload-0")
        assert not is_allowed(of_bot, action, "arn:aws:s3:::pictures/other/1")
    assert is_allowed(of_bot, "kms:GenerateDataKey", key)
    (listing,) = [statement for statement in of_bot["Statement"] if statement["Action"] == ["s3:ListBucket"]]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "waiting/*"}}
    assert not any("bedrock" in action for statement in of_bot["Statement"] for action in statement["Action"])
    assert [statement for statement in of_worker["Statement"] if statement in of_bot["Statement"]] == of_bot[
        "Statement"
    ]
    aws.delenv("PICTURES_URL")
    assert run_policy(["--bot"]) == 2
