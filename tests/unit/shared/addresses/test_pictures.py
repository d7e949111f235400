"""`PICTURES_URL`: every documented form, and what is refused."""

import pytest

from shared.addresses.pictures import PicturesAddress, parse_pictures_address
from shared.addresses.splitting import InvalidAddressError

KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("s3://my-bucket", PicturesAddress("my-bucket", "pentimento/")),
        ("s3://my.bucket/waiting/pictures/", PicturesAddress("my.bucket", "waiting/pictures/")),
        ("s3://bucket/a?region=eu-central-1", PicturesAddress("bucket", "a/", region="eu-central-1")),
        ("s3://bucket/a?sse=none", PicturesAddress("bucket", "a/", encryption="none")),
        (f"s3://bucket/a?sse=aws:kms&kms_key_id={KEY}", PicturesAddress("bucket", "a/", "", "aws:kms", KEY)),
    ],
)
def test_a_documented_address_is_read(url: str, address: PicturesAddress) -> None:
    assert parse_pictures_address(url) == address


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("bucket/prefix", "does not begin with s3://"),
        ("https://bucket.s3.amazonaws.com", "does not begin with s3://"),
        ("s3://", "names no bucket"),
        ("s3://My_Bucket/x", "names no bucket"),
        ("s3://key:secret@bucket/x", "contains more than a bucket"),
        ("s3://bucket:9000/x", "contains more than a bucket"),
        ("s3://bucket/a//b", "its prefix"),
        ("s3://bucket/../b c", "space"),
        ("s3://bucket/a?endpoint=http", "unknown option"),
        ("s3://bucket/a?sse=AES128", "sse is none that S3 knows"),
        ("s3://bucket/a?kms_key_id=abc", "needs sse=aws:kms"),
        ("s3://bucket/a?region=Frankfurt", "not the code of one"),
    ],
)
def test_any_other_address_is_refused_with_advice(url: str, message: str) -> None:
    with pytest.raises(InvalidAddressError, match=message) as refused:
        parse_pictures_address(url)

    assert "secret" not in str(refused.value)
