"""Authentication: checks the AWS signature (version 4) or the API key of a request as the service does.

The algorithm: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from demo.standins.bedrock.errors import ServiceError

SERVICE = "bedrock"
CLOCK_SKEW = timedelta(minutes=5)
TIMESTAMP_FORMAT = "%Y%m%dT%H%M%SZ"
AUTHORIZATION_PATTERN = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)$"
)
SCOPE_PARTS = 5


@dataclass(frozen=True)
class Credentials:
    """The credentials of the own account: a key pair for signatures, an API key for `Authorization: Bearer`."""

    access_key: str = "AKIADEMODEMODEMODEMO"
    secret_key: str = "demo-secret-access-key"  # noqa: S105 - it opens nothing but this stand-in
    api_key: str = "demo-api-key"
    account: str = "000000000000"


@dataclass(frozen=True)
class SessionKey:
    """Credentials of a role that was assumed, beside their access key."""

    secret_key: str
    token: str
    account: str
    expires_at: datetime

    def expire(self) -> "SessionKey":
        """Return the same credentials, expired."""
        return replace(self, expires_at=datetime.fromtimestamp(0, UTC))


@dataclass(frozen=True)
class SignedRequest:
    """The parts of an HTTP request that a signature covers; `path` and `query` as sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]  # by lower-case name
    body: bytes


def authenticate_request(
    request: SignedRequest,
    credentials: Credentials,
    sessions: Mapping[str, SessionKey],
    now: datetime,
    service: str = SERVICE,
) -> str:
    """Return the account of an authentic request to a service; otherwise raise the ServiceError that AWS returns.

    `sessions` are the credentials of assumed roles by their access keys.
    """
    authorization = request.headers.get("authorization", "")
    if not authorization:
        raise ServiceError(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    if authorization.startswith("Bearer "):
        if not hmac.compare_digest(
            _encode_header(authorization.removeprefix("Bearer ")), _encode_header(credentials.api_key)
        ):
            raise ServiceError(
                403, "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid."
            )
        return credentials.account
    access_key = authorization.partition("Credential=")[2].partition("/")[0]
    session = sessions.get(access_key)
    if session is None:
        _check_signature(request, authorization, credentials, now, service)
        return credentials.account
    own = Credentials(access_key, session.secret_key)
    _check_signature(request, authorization, own, now, service, session.token)
    if session.expires_at <= now:
        raise ServiceError(403, "ExpiredTokenException", "The security token included in the request is expired")
    return session.account


def find_signed_region(authorization: str) -> str | None:
    """Find the Region that a signature is for; None for an API key, which names none."""
    match = AUTHORIZATION_PATTERN.match(authorization)
    scope = match[1].split("/") if match else []
    return scope[2] if len(scope) == SCOPE_PARTS else None


def _check_signature(
    request: SignedRequest,
    authorization: str,
    credentials: Credentials,
    now: datetime,
    expected_service: str,
    token: str | None = None,
) -> None:
    match = AUTHORIZATION_PATTERN.match(authorization)
    scope = match[1].split("/") if match else []
    timestamp = request.headers.get("x-amz-date", "")
    if not match or len(scope) != SCOPE_PARTS or not re.fullmatch(r"\d{8}T\d{6}Z", timestamp):
        raise ServiceError(
            400,
            "IncompleteSignatureException",
            "Authorization header requires 'Credential', 'SignedHeaders', 'Signature' and an 'X-Amz-Date' header. "
            f"Authorization={hashlib.sha256(_encode_header(authorization)).hexdigest()}",
        )
    access_key, day, region, service, terminator = scope
    if access_key != credentials.access_key or request.headers.get("x-amz-security-token") != token:
        raise ServiceError(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    if service != expected_service or terminator != "aws4_request" or day != timestamp[:8]:
        raise _signature_error(f"Credential should be scoped to correct service: '{expected_service}'.")
    if not {"host", "x-amz-date"} <= set(match[2].split(";")):
        raise _signature_error("'Host' and 'X-Amz-Date' must be in the list of 'SignedHeaders'.")
    _check_clock(timestamp, now)
    expected = compute_signature(request, match[2], f"{day}/{region}/{service}/{terminator}", credentials.secret_key)
    if not hmac.compare_digest(expected, match[3]):
        raise _signature_error(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )


def compute_signature(request: SignedRequest, signed_headers: str, scope: str, secret_key: str) -> str:
    """Compute the hexadecimal signature of a request for a scope `day/region/service/aws4_request`."""
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers.split(";")
    )
    canonical = "\n".join(
        (
            request.method,
            quote(_encode_header(request.path), safe="/~"),
            "&".join(sorted(request.query.split("&"))),
            headers,
            signed_headers,
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    text = "\n".join(
        (
            "AWS4-HMAC-SHA256",
            request.headers.get("x-amz-date", ""),
            scope,
            hashlib.sha256(_encode_header(canonical)).hexdigest(),
        )
    )
    key = b"AWS4" + _encode_header(secret_key)
    for part in scope.split("/"):
        key = hmac.digest(key, _encode_header(part), "sha256")
    return hmac.new(key, _encode_header(text), "sha256").hexdigest()


def _check_clock(timestamp: str, now: datetime) -> None:
    try:
        signed = datetime.strptime(timestamp, TIMESTAMP_FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise _signature_error("Date must be in ISO-8601 'basic format'.") from error
    if signed < now - CLOCK_SKEW:
        raise _signature_error(
            f"Signature expired: {timestamp} is now earlier than {now - CLOCK_SKEW:{TIMESTAMP_FORMAT}}"
        )
    if signed > now + CLOCK_SKEW:
        raise _signature_error(
            f"Signature not yet current: {timestamp} is still later than {now + CLOCK_SKEW:{TIMESTAMP_FORMAT}}"
        )


def _signature_error(message: str) -> ServiceError:
    return ServiceError(403, "InvalidSignatureException", message)


def _encode_header(text: str) -> bytes:
    """Return the bytes of a header as sent, even if they are not UTF-8."""
    return text.encode("utf-8", "surrogateescape")
