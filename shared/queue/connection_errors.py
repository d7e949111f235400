"""Errors of Redis in words for the operator, without any part of its address: of the connection, and refusals."""

import re
from typing import Final

from shared.queue.refusals import find_refusal

_MAX_QUOTED_LENGTH: Final = 200

_ADVICE: Final = (
    (
        r"WRONGPASS|invalid username-password|invalid password",
        "Redis refuses the user or the password. Correct them in REDIS_URL; special characters are percent-encoded.",
    ),
    (
        r"NOAUTH|HELLO must be called with the client already authenticated|Authentication required",
        "Redis wants a password. Write it into REDIS_URL: redis://:PASSWORD@host or redis://USER:PASSWORD@host.",
    ),
    (
        r"without any password configured",
        "Redis has no password. Remove that of REDIS_URL, or set one in Redis.",
    ),
    (
        r"DB index is out of range|invalid DB index|SELECT is not allowed",
        "Redis has no database of this number. Correct the number at the end of REDIS_URL, or write 0.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed",
        "The certificate of Redis is not trusted. Name its authority (ssl_ca_certs=FILE) and its host in REDIS_URL.",
    ),
    (
        r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|wrong version number|record layer failure|UNEXPECTED_EOF|SSL",
        "Redis does not speak TLS at this port. Correct the port in REDIS_URL, or begin it with redis://.",
    ),
    (
        r"Connection refused|Error 111 ",
        "Nothing listens where REDIS_URL points. Start Redis, or correct the host and the port.",
    ),
    (
        r"Name or service not known|name resolution|No address associated|nodename nor servname|Error -[235] ",
        "The host in REDIS_URL has no address. Correct it, or check the DNS.",
    ),
    (
        r"No such file or directory",
        "The socket in REDIS_URL does not exist. Start Redis, or correct the path.",
    ),
    (
        r"Permission denied",
        "The socket in REDIS_URL may not be used. Give this process's user the right to write to it.",
    ),
    (
        r"[Tt]imeout|[Tt]imed out",
        "Redis does not answer in time. Check REDIS_URL (rediss:// is for a port with TLS), the firewall, and Redis.",
    ),
    (
        r"Connection closed by server|Connection reset|Connection lost",
        "Redis ended the connection. If its port speaks TLS, begin REDIS_URL with rediss://.",
    ),
)


def describe_redis_error(error: BaseException) -> str:
    """Describe an error in two sentences; one of a kind that is not known in Redis's own words."""
    refusal = find_refusal(error)
    if refusal:
        return refusal.describe(error)
    text = f"{type(error).__name__}: {error}"
    known = next((advice for pattern, advice in _ADVICE if re.search(pattern, text)), None)
    return known or f"Redis refuses or fails ({text[:_MAX_QUOTED_LENGTH]}). Check REDIS_URL, and what Redis logs."
