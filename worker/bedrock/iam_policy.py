"""The least IAM policy with which the worker calls the models on offer, and its doctor looks at them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.addresses.pictures import PicturesAddress
from shared.catalogue import Model
from worker.bedrock.client import choose_region
from worker.bedrock.guardrail import find_arn_region
from worker.bedrock.profiles import get_foundation_model_id, is_profile

ANY_ACCOUNT: Final = "*"
MAX_MANAGED_POLICY_LENGTH: Final = 6144
"""The characters of a managed policy, without spaces: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

_VERSION: Final = "2012-10-17"
_INVOKE: Final = "bedrock:InvokeModel"
_STREAM: Final = "bedrock:InvokeModelWithResponseStream"

Statement = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """The account and the region in which the worker calls Bedrock."""

    region: str
    account: str = ANY_ACCOUNT

    def build_model_arn(self, model: Model, region: str) -> str:
        """Build the ARN of the model itself, which belongs to no account."""
        return f"arn:{_get_partition(region)}:bedrock:{region}::foundation-model/{get_foundation_model_id(model)}"

    def build_profile_arn(self, model: Model) -> str:
        """Build the ARN of the model's inference profile."""
        region = self.choose_region(model)
        return f"arn:{_get_partition(region)}:bedrock:{region}:{self.account}:inference-profile/{model.id}"

    def choose_region(self, model: Model) -> str:
        """Return the region in which the worker calls a model."""
        return choose_region(model, self.region) or self.region


def build_policy(statements: Iterable[Statement]) -> dict[str, Any]:
    """Build a policy document."""
    return {"Version": _VERSION, "Statement": list(statements)}


def build_model_statements(models: Sequence[Model], streaming: Collection[str], place: Place) -> list[Statement]:
    """Allow the calls of these models; `streaming` has the keys of those that are called as streams."""
    statements = list[Statement]()
    for action, sid, chosen in (
        (_INVOKE, "Invoke", [model for model in models if model.key not in streaming]),
        (_STREAM, "Stream", [model for model in models if model.key in streaming]),
    ):
        own = [place.build_model_arn(model, place.choose_region(model)) for model in chosen if not is_profile(model)]
        by_profile = [model for model in chosen if is_profile(model)]
        if own:
            statements.append(_allow(f"{sid}Models", [action], own))
        if by_profile:
            profiles = [place.build_profile_arn(model) for model in by_profile]
            statements.append(_allow(f"{sid}Profiles", [action, "bedrock:GetInferenceProfile"], profiles))
            behind = _allow(f"{sid}ModelsOfProfiles", [action], _list_models_behind(by_profile, place))
            statements.append({**behind, "Condition": _build_condition(profiles)})
    return statements


def build_doctor_statement() -> Statement:
    """Allow the doctor to read AWS's public description of models, and whether the account may use them."""
    actions = ["bedrock:GetFoundationModel", "bedrock:GetFoundationModelAvailability"]
    return _allow("ReadModels", actions, ["*"])


def build_guardrail_statement(guardrail: str, place: Place) -> Statement:
    """Allow the checks by a guardrail, which is an id in the region of the worker, or an ARN."""
    arn = f"arn:{_get_partition(place.region)}:bedrock:{place.region}:{place.account}:guardrail/{guardrail}"
    return _allow("ApplyGuardrail", ["bedrock:ApplyGuardrail"], [guardrail if find_arn_region(guardrail) else arn])


def build_roles_statement(role_arns: Iterable[str]) -> Statement:
    """Allow to assume the roles of other accounts."""
    return _allow("AssumeRoles", ["sts:AssumeRole"], list(role_arns))


def build_pictures_statements(address: PicturesAddress, place: Place) -> list[Statement]:
    """Allow to store, fetch and delete pictures in the bucket of PICTURES_URL, and the questions of the doctor.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
    """
    region = address.region or place.region
    bucket = f"arn:{_get_partition(region)}:s3:::{address.bucket}"
    listing = _allow("ListPictures", ["s3:ListBucket"], [bucket])
    statements = [
        _allow("StorePictures", ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], [f"{bucket}/{address.prefix}*"]),
        {**listing, "Condition": {"StringLike": {"s3:prefix": f"{address.prefix}*"}}},
        _allow("ReadBucketSettings", ["s3:GetBucketLocation", "s3:GetLifecycleConfiguration"], [bucket]),
    ]
    if address.encryption == "aws:kms":
        own = f"arn:{_get_partition(region)}:kms:{region}:{place.account}:key/{address.kms_key_id or '*'}"
        key = address.kms_key_id if address.kms_key_id.startswith("arn:") else own
        statements.append(_allow("EncryptPictures", ["kms:GenerateDataKey", "kms:Decrypt"], [key]))
    return statements


def _allow(sid: str, actions: list[str], resources: list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _list_models_behind(models: Iterable[Model], place: Place) -> list[str]:
    """List the ARNs of the models in each region to which their profiles may send a call."""
    return [place.build_model_arn(model, region) for model in models for region in model.regions]


def _build_condition(profiles: Iterable[str]) -> dict[str, Any]:
    """Require a call through a profile; the statement before says through which."""
    patterns = sorted({f"{arn.partition('/')[0]}/*" for arn in profiles})
    return {"ArnLike": {"bedrock:InferenceProfileArn": patterns}}


def _get_partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
