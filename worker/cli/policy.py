"""`python -m worker policy`: print the least IAM policy for the models on offer."""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from typing import Final

from shared.accounts import DEFAULT_ACCOUNT
from shared.addresses.pictures import parse_pictures_address
from shared.catalogue import Catalogue
from worker.bedrock.iam_policy import (
    ANY_ACCOUNT,
    MAX_MANAGED_POLICY_LENGTH,
    Place,
    Statement,
    build_doctor_statement,
    build_guardrail_statement,
    build_model_statements,
    build_pictures_statements,
    build_policy,
    build_roles_statement,
)
from worker.cli.command import ExitCode, UsageError, add_setting_arguments, build_parser, load_configuration
from worker.settings import Settings

_ACCOUNT: Final = re.compile(r"[0-9]{12}")


def run_policy(argv: Sequence[str]) -> ExitCode:
    """Print the least IAM policy for the models on offer, as JSON.

    It allows their calls, the guardrail of GUARDRAIL_ID, the bucket of PICTURES_URL, and the questions of the doctor.
    With the account of one of BEDROCK_ACCOUNTS it is that of its role; otherwise that of the worker's own credentials.
    With --bot it is that of the bot's credentials, which need the bucket alone. Exit codes: 0, printed; 2, invalid
    arguments or settings.
    """
    parser = build_parser("policy", run_policy.__doc__)
    add_setting_arguments(parser)
    parser.add_argument("--account", type=_parse_account, help="the id of the account, 12 digits")
    parser.add_argument("--bot", action="store_true", help="the policy of the bot, for the bucket of PICTURES_URL")
    arguments = parser.parse_args(argv)
    try:
        settings, catalogue = load_configuration(arguments)
    except UsageError as error:
        print(*error.messages, sep="\n", file=sys.stderr)
        return ExitCode.USAGE
    account = arguments.account or ANY_ACCOUNT
    place = Place(settings.aws_region, account)
    if arguments.bot:
        return _print_bot_policy(settings, place)
    policy = build_policy(_list_statements(settings, catalogue, place))
    print(json.dumps(policy, indent=2))
    for note in _list_notes(settings, account, len(json.dumps(policy, separators=(",", ":")))):
        print(note, file=sys.stderr)
    return ExitCode.OK


def _print_bot_policy(settings: Settings, place: Place) -> ExitCode:
    if not settings.pictures_url:
        print("Without PICTURES_URL the bot needs no policy. Set it, if its pictures lie in S3.", file=sys.stderr)
        return ExitCode.USAGE
    statements = build_pictures_statements(parse_pictures_address(settings.pictures_url), place)
    print(json.dumps(build_policy(statements), indent=2))
    return ExitCode.OK


def _parse_account(text: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise argparse.ArgumentTypeError("an account has 12 digits")
    return text


def _list_statements(settings: Settings, catalogue: Catalogue, place: Place) -> list[Statement]:
    roles = {account: role for account, role in settings.accounts.items() if role is not None}
    calls = [
        *build_model_statements(catalogue.offered_models, settings.bedrock_streaming, place),
        build_doctor_statement(),
    ]
    if place.account in roles:
        return calls
    statements = calls if DEFAULT_ACCOUNT in settings.accounts else []
    if settings.guardrail_id:
        statements.append(build_guardrail_statement(settings.guardrail_id, place))
    if settings.pictures_url and not settings.aws_endpoint_url_s3:
        statements += build_pictures_statements(parse_pictures_address(settings.pictures_url), place)
    if roles:
        statements.append(build_roles_statement(roles.values()))
    return statements


def _list_notes(settings: Settings, account: str, length: int) -> list[str]:
    """List sentences about the policy for its reader, which are no part of it."""
    roles = [name for name, role in settings.accounts.items() if role is not None]
    notes = []
    if account == ANY_ACCOUNT:
        notes.append("It names no account. With --account ID it is limited to yours.")
    if roles and account not in roles:
        options = ", ".join(f"--account {name}" for name in roles)
        notes.append(f"It is that of the worker's own credentials. Those of its roles: {options}.")
    if length > MAX_MANAGED_POLICY_LENGTH:
        notes.append(
            f"It has {length} characters, and a managed policy at most {MAX_MANAGED_POLICY_LENGTH}. "
            "Divide its statements between two policies."
        )
    return notes
