"""The binary frames of application/vnd.amazon.eventstream.

The encoding: https://smithy.io/2.0/aws/amazon-eventstream.html . A frame is a prelude (total length, length of the
headers, CRC-32 of these eight bytes), the headers, the payload, and the CRC-32 of all before it; all big-endian.
"""

import base64
import json
import struct
import zlib
from collections.abc import Iterator, Mapping

CONTENT_TYPE = "application/vnd.amazon.eventstream"
STRING_HEADER = 7
CHUNK_BYTES = 64 * 1024


def encode_chunks(body: bytes, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Split a response body into `chunk` events with at most `size` bytes of the body each."""
    for start in range(0, len(body), size):
        payload = {"bytes": base64.b64encode(body[start : start + size]).decode(), "p": "abcdefghijklm"}
        yield encode_frame(
            {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"},
            json.dumps(payload).encode(),
        )


def encode_exception(name: str, message: str) -> bytes:
    """End the stream with a modelled error, such as `modelStreamErrorException`."""
    return encode_frame(
        {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"},
        json.dumps({"message": message}).encode(),
    )


def encode_frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Encode one message whose headers are all strings."""
    head = b"".join(
        struct.pack(f"!B{len(name)}sBH", len(name), name.encode(), STRING_HEADER, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 12 + len(head) + len(payload) + 4, len(head))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    return message + struct.pack("!I", zlib.crc32(message))
