"""Reading PICTURES_URL, the place of the pictures of waiting jobs: `s3://bucket/prefix?region=…&sse=…&kms_key_id=…`."""

import re
from dataclasses import dataclass
from typing import Final

from shared.addresses.splitting import InvalidAddressError, split_address

ENCRYPTIONS: Final = ("AES256", "aws:kms", "none")
"""How the store encrypts objects. `none` asks it for nothing, for stores that know no such request."""

DEFAULT_PREFIX: Final = "pentimento/"

_OPTIONS: Final = frozenset({"region", "sse", "kms_key_id"})
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"(?:[\w.-]+/)+", re.ASCII)
_REGION: Final = re.compile(r"[a-z0-9-]{1,32}")
_KMS_KEY: Final = re.compile(r"[\w:/-]{1,256}", re.ASCII)
_MAX_PREFIX_LENGTH: Final = 256


@dataclass(frozen=True)
class PicturesAddress:
    """A bucket, and the prefix of the keys of objects in it: some words, and a slash after each.

    `region` is "" where AWS's own variables name it. `encryption` is one of `ENCRYPTIONS`; `kms_key_id` is "" for the
    account's own key.
    """

    bucket: str
    prefix: str = DEFAULT_PREFIX
    region: str = ""
    encryption: str = ENCRYPTIONS[0]
    kms_key_id: str = ""


def parse_pictures_address(text: str) -> PicturesAddress:
    """Read the address of a bucket. Raises `InvalidAddressError`."""
    parts = split_address(text, ("s3",))
    if parts.username or parts.password or parts.port:
        raise InvalidAddressError("it contains more than a bucket, a prefix and options. Write s3://bucket/prefix")
    if not _BUCKET.fullmatch(parts.host):
        raise InvalidAddressError("it names no bucket. Write s3://bucket/prefix")
    words = parts.path.strip("/")
    prefix = f"{words}/" if words else DEFAULT_PREFIX
    if not _PREFIX.fullmatch(prefix) or len(prefix) > _MAX_PREFIX_LENGTH:
        raise InvalidAddressError("its prefix is of other characters than letters, digits, . - and _. Shorten it")
    options = dict(parts.options)
    if unknown := sorted(options.keys() - _OPTIONS):
        raise InvalidAddressError(f"it has an unknown option. Write region, sse or kms_key_id in place of {unknown[0]}")
    encryption, kms_key_id = options.get("sse", ENCRYPTIONS[0]), options.get("kms_key_id", "")
    if encryption not in ENCRYPTIONS:
        raise InvalidAddressError("sse is none that S3 knows. Write AES256, aws:kms, or none")
    if kms_key_id and (encryption != "aws:kms" or not _KMS_KEY.fullmatch(kms_key_id)):
        raise InvalidAddressError("kms_key_id is the id or the ARN of a key, and needs sse=aws:kms. Write both")
    region = options.get("region", "")
    if region and not _REGION.fullmatch(region):
        raise InvalidAddressError("its region is not the code of one. Write it as us-west-2")
    return PicturesAddress(parts.host, prefix, region, encryption, kms_key_id)
