"""`python -m worker check`: check credentials, region, the guardrail and the access to each model."""

import sys
from collections.abc import Sequence

from shared.catalogue import Model
from shared.dates import get_today
from shared.settings_reader import find_misspelt_settings
from worker.bedrock.check import Finding, Severity, check_guardrail, check_models, find_credentials_source
from worker.bedrock.errors import CALL_ERRORS
from worker.cli.command import (
    ExitCode,
    UsageError,
    add_setting_arguments,
    build_parser,
    load_configuration,
    load_signing,
)
from worker.configuration import create_guardrail
from worker.queue.check import check_server
from worker.settings import Settings


def run_check(argv: Sequence[str]) -> ExitCode:
    """Check that credentials, region and every offered model are in order.

    Exit codes: 0, they are; 1, they are not, with advice; 2, the settings cannot be read.
    """
    parser = build_parser("check", run_check.__doc__)
    add_setting_arguments(parser)
    try:
        settings, catalogue = load_configuration(parser.parse_args(argv))
        signer = load_signing(settings)
    except UsageError as error:
        print(*error.messages, sep="\n", file=sys.stderr)
        return ExitCode.USAGE
    has_working_queue = _check_redis(settings)
    for sentence in find_misspelt_settings():
        print(f"warning      {sentence}")
    if signer is not None:
        print(f"c2pa         results are signed as “{signer.organisation}” until {signer.expires_at:%Y-%m-%d}")
    region = settings.aws_region
    source, reason = _find_credentials()
    print(f"region       {region}\ncredentials  {source or 'none'}")
    if source is None:
        print(
            f"There are no AWS credentials: {reason}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_BEARER_TOKEN_BEDROCK, or give the machine a role.",
            file=sys.stderr,
        )
        return ExitCode.FAILED
    has_working_guardrail = _check_guardrail(settings)
    today = get_today()
    models = (*catalogue.models_for_task("generate"), *catalogue.upscale_models, *catalogue.edit_models)
    findings = check_models(models, region, today)
    _print_findings(findings)
    has_broken_models = any(finding.severity is Severity.ERROR for finding in findings)
    is_ready = has_working_queue and has_working_guardrail and not has_broken_models
    return ExitCode.OK if is_ready else ExitCode.FAILED


def _check_redis(settings: Settings) -> bool:
    report = check_server(settings.redis_url.get_secret_value(), settings.key_names)
    if report.summary:
        print(f"redis        {report.summary}")
    for severity, sentences in (("warning", report.warnings), ("broken", report.errors)):
        for sentence in sentences:
            print(f"redis        {severity}: {sentence}")
    return not report.errors


def _check_guardrail(settings: Settings) -> bool:
    guardrail = create_guardrail(settings)
    if guardrail is None:
        return True
    severity, message = check_guardrail(guardrail)
    guardrail.close()
    print(f"guardrail    {severity}: {message}")
    return severity is not Severity.ERROR


def _find_credentials() -> tuple[str | None, str]:
    """Return the source of the credentials, and why there is none."""
    try:
        return find_credentials_source(), "none of the places that boto3 searches has any"
    except CALL_ERRORS as error:
        return None, f"{type(error).__name__}: {error}"


def _print_findings(findings: Sequence[Finding]) -> None:
    columns = [_get_name_columns(finding.model) for finding in findings]
    widths = [max(map(len, column)) for column in zip(*columns, strict=True)]
    for finding, texts in zip(findings, columns, strict=True):
        name, model_id = (text.ljust(width) for text, width in zip(texts, widths, strict=True))
        print(f"{finding.severity:<8} {name}  {model_id}  {finding.region}  {finding.message}".rstrip())


def _get_name_columns(model: Model) -> tuple[str, str]:
    return model.name, model.id
