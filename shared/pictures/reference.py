"""A reference to a picture that lies in S3, stored in Redis under the key that the picture would have there.

It is a string, where a picture is a list of chunks: a release that knows no references gets an error of Redis from it,
and tries again later, instead of taking the reference for the picture.
"""

import json
from dataclasses import asdict, dataclass
from typing import Self

from shared.errors import PentimentoError


class PictureStorageError(PentimentoError):
    """The storage of pictures did not respond, or refused; the message says why, for the operator."""


@dataclass(frozen=True)
class PictureReference:
    """An object in a bucket. `size` is in bytes; `sha256` is of the picture, in hexadecimal digits.

    `region` is "" where AWS's own variables name it.
    """

    bucket: str
    key: str
    size: int
    sha256: str
    region: str = ""

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def parse(cls, stored: bytes) -> Self:
        """Read a reference, without the fields of other releases. Raises `PictureStorageError`."""
        try:
            fields = json.loads(stored)
            return cls(
                bucket=str(fields["bucket"]),
                key=str(fields["key"]),
                size=int(fields["size"]),
                sha256=str(fields["sha256"]),
                region=str(fields.get("region", "")),
            )
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise PictureStorageError("The reference to a picture cannot be read by this release.") from error
