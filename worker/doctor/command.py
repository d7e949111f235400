"""The command `python -m worker doctor`."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from shared.catalogue import Catalogue, load_catalogue
from shared.dates import get_today
from shared.doctor.findings import SETTING, Finding, Status, find_fault
from shared.doctor.machine import check_disk, check_open_files
from shared.doctor.pictures import check_pictures_of
from shared.doctor.report import add_report_arguments, publish_findings, silence_log
from shared.doctor.settings_check import check_settings, list_secrets
from shared.settings import InvalidSettingsError
from shared.settings_reader import inspect_settings
from worker.bedrock.check import check_accounts, check_guardrail, check_models, check_region
from worker.bedrock.configuration import validate_aws_configuration
from worker.bedrock.credentials import check_credentials
from worker.cli.command import add_setting_arguments, build_parser, list_overrides
from worker.configuration import create_guardrail
from worker.queue.check import check_broker_server, check_redis_server
from worker.settings import Settings
from worker.signing import load_signer

LIBRARIES: Final = ("boto3", "botocore", "redis", "celery", "pydantic", "pillow", "c2pa-python", "pi-heif")
OPEN_FILES: Final = 256
OPEN_FILES_PER_JOB: Final = 8
"""Connections to Bedrock and Redis, pipes, and pictures in files."""


def run_doctor(argv: Sequence[str]) -> int:
    """Check all that the worker needs, and print it.

    Exit codes: 0, nothing keeps it from its work; 1, something does; 2, settings are missing or wrong.
    """
    parser = build_parser("doctor", run_doctor.__doc__)
    add_setting_arguments(parser)
    add_report_arguments(parser)
    arguments = parser.parse_args(argv)
    silence_log()
    report = inspect_settings(Settings, **list_overrides(arguments))
    findings = check_settings(Settings, report)
    if report.settings is not None:
        catalogue, found = check_files(report.settings)
        findings += found
        if catalogue is not None:
            findings += check_services(report.settings, catalogue)
    secrets = list_secrets(report.settings, Settings.library_secrets)
    return publish_findings("worker", findings, arguments, secrets, LIBRARIES)


def check_files(settings: Settings) -> tuple[Catalogue | None, list[Finding]]:
    """Check the files that settings name. Return the catalogue if all of them are in order, and the findings."""
    findings = list[Finding]()
    catalogue = load_catalogue()
    try:
        catalogue = settings.read_catalogue()
    except InvalidSettingsError as error:
        findings.append(find_fault(f"{SETTING}CATALOGUE_FILE", str(error)))
    try:
        validate_aws_configuration(settings.aws_region, catalogue, settings.accounts)
    except InvalidSettingsError as error:
        name = str(error).partition(" ")[0]
        findings.append(find_fault(f"{SETTING}{name if name.isupper() else 'AWS_CONFIG_FILE'}", str(error)))
    try:
        signer = load_signer(settings.c2pa_certificate_file, settings.c2pa_private_key_file)
    except InvalidSettingsError as error:
        findings.append(find_fault(f"{SETTING}C2PA_CERTIFICATE_FILE", str(error)))
    else:
        if signer is not None:
            what = f"Results are signed as “{signer.organisation}” until {signer.expires_at:%Y-%m-%d}."
            findings.append(Finding("c2pa", Status.OK, what))
    is_valid = all(finding.status is not Status.ERROR for finding in findings)
    return (catalogue if is_valid else None), findings


def check_services(settings: Settings, catalogue: Catalogue) -> list[Finding]:
    """Check Redis, AWS and the machine."""
    redis = check_redis_server(settings.redis_url.get_secret_value(), settings.key_names)
    if settings.celery_broker_url is not None:
        redis += check_broker_server(settings.celery_broker_url.get_secret_value(), settings.key_names)
    pictures = check_pictures_of(settings, settings.queue_image_ttl_seconds)
    return [*redis, *pictures, *_check_aws(settings, catalogue), *_check_machine(settings)]


def _check_aws(settings: Settings, catalogue: Catalogue) -> Iterator[Finding]:
    models = catalogue.offered_models
    yield check_region(models, settings.aws_region)
    credentials = check_credentials()
    yield credentials
    if credentials.status is Status.ERROR:
        return
    guardrail = create_guardrail(settings)
    if guardrail is not None:
        yield check_guardrail(guardrail)
        guardrail.close()
    if settings.bedrock_accounts:
        yield from check_accounts(settings.accounts, models, settings.aws_region, get_today())
    else:
        yield from check_models(models, settings.aws_region, get_today())


def _check_machine(settings: Settings) -> list[Finding]:
    needed = OPEN_FILES + OPEN_FILES_PER_JOB * settings.worker_concurrency
    return [check_disk("disk.temporary", Path(tempfile.gettempdir())), check_open_files("process.files", needed)]
