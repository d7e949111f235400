"""How a bucket is reached: at AWS, with the credentials that boto3 finds, or elsewhere."""

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class S3Access:
    """The endpoint of another store than AWS's, and the key for it; None: boto3 finds it by itself."""

    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)


AWS_ACCESS: Final = S3Access()
