"""AssumeRole of AWS STS: credentials of other accounts, which expire, and are refused on request.

Any role can be assumed with the key pair of the stand-in's own account. The credentials belong to the account that the
role's ARN names.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

POST   /                         the service
PUT    /control/roles/{account}  {"answer": "allow" | "deny" | "expire" | "lose"}: assume roles of the account, refuse
                                 that, end its sessions as expired, or end them as unknown
GET    /control/roles            how often roles of each account were assumed, or refused
"""

import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from aiohttp import web

from demo.standins.bedrock.auth import SessionKey
from demo.standins.bedrock.control_api import bad_request_error, read_json_object
from demo.standins.bedrock.errors import ServiceError
from demo.standins.bedrock.invoke import authenticate_caller
from demo.standins.bedrock.state import STATE

SERVICE: Final = "sts"
MIN_SECONDS, DEFAULT_SECONDS, MAX_SECONDS = 900, 3600, 43_200
ACCOUNT_PART, ARN_PARTS = 4, 6
ANSWERS: Final = ("allow", "deny", "expire", "lose")

RESPONSE: Final = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>\
<AssumedRoleUser><AssumedRoleId>AROADEMO:{name}</AssumedRoleId><Arn>{arn}/{name}</Arn></AssumedRoleUser>\
<Credentials><AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>{secret_key}</SecretAccessKey>\
<SessionToken>{token}</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
</AssumeRoleResult></AssumeRoleResponse>"""
ERROR: Final = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>\
<Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"""

routes = web.RouteTableDef()


class RoleState:
    """The accounts whose roles cannot be assumed, and how often each was asked for."""

    def __init__(self) -> None:
        self.denied: set[str] = set()
        self.assumed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()


ROLE_STATE = web.AppKey("role_state", RoleState)


@routes.post("/")
async def assume_role(request: web.Request) -> web.Response:
    try:
        await authenticate_caller(request, SERVICE)
        return await _assume_role(request)
    except ServiceError as error:
        code = error.code.removesuffix("Exception")
        text = ERROR.format(code=code, message=escape(error.message))
        return web.Response(text=text, status=error.status, content_type="text/xml")


async def _assume_role(request: web.Request) -> web.Response:
    form = {name: values[0] for name, values in parse_qs((await request.read()).decode()).items()}
    if form.get("Action") != "AssumeRole":
        raise ServiceError(400, "InvalidAction", f"Could not find operation {form.get('Action')}")
    arn, name = form.get("RoleArn", ""), form.get("RoleSessionName", "")
    parts = arn.split(":")
    seconds = int(form.get("DurationSeconds", DEFAULT_SECONDS))
    if len(parts) != ARN_PARTS or not name or not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise ServiceError(400, "ValidationError", f"{arn} is invalid")
    account, roles = parts[ACCOUNT_PART], request.app[ROLE_STATE]
    if account in roles.denied:
        roles.refused[account] += 1
        raise ServiceError(
            403, "AccessDenied", f"User: arn:aws:iam::000000000000:user/demo is not authorized to perform: {arn}"
        )
    roles.assumed[account] += 1
    expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
    session = SessionKey(secrets.token_hex(20), secrets.token_urlsafe(60), account, expires_at)
    access_key = f"ASIA{secrets.token_hex(8).upper()}"
    request.app[STATE].sessions[access_key] = session
    text = RESPONSE.format(
        name=escape(name),
        arn=escape(arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")),
        access_key=access_key,
        secret_key=session.secret_key,
        token=session.token,
        expiration=expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return web.Response(text=text, content_type="text/xml")


@routes.put("/control/roles/{account}")
async def set_role_answer(request: web.Request) -> web.Response:
    account, answer = request.match_info["account"], (await read_json_object(request)).get("answer")
    if answer not in ANSWERS:
        raise bad_request_error(f"A role cannot have the answer {answer!r}. Choose one of: {', '.join(ANSWERS)}.")
    denied, sessions = request.app[ROLE_STATE].denied, request.app[STATE].sessions
    own = [access_key for access_key, session in sessions.items() if session.account == account]
    match answer:
        case "allow":
            denied.discard(account)
        case "deny":
            denied.add(account)
        case "expire":
            for access_key in own:
                sessions[access_key] = sessions[access_key].expire()
        case "lose":
            for access_key in own:
                del sessions[access_key]
    return web.json_response({"account": account, "answer": answer, "sessions": len(own)})


@routes.get("/control/roles")
async def list_roles(request: web.Request) -> web.Response:
    roles = request.app[ROLE_STATE]
    return web.json_response({"assumed": dict(roles.assumed), "refused": dict(roles.refused)})
