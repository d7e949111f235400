"""A bucket of S3, or of a store that speaks its protocol, with the pictures of waiting jobs.

Objects are never overwritten: each has a key with random digits, so that a request may be repeated.
https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from shared.addresses.pictures import PicturesAddress
from shared.pictures.access import AWS_ACCESS, S3Access
from shared.pictures.reference import PictureReference, PictureStorageError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

CONNECT_TIMEOUT_SECONDS: Final = 3
READ_TIMEOUT_SECONDS: Final = 10
ATTEMPTS: Final = 2
CONNECTIONS: Final = 16
MEDIA_TYPE: Final = "application/octet-stream"
"""Bundles of pictures are of no other type, and nobody but bot and workers reads an object."""

MAX_DELETIONS: Final = 1000
"""As many objects may be deleted at once: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""

_DEFAULT_REGION: Final = "us-east-1"
_MISSING_CODES: Final = frozenset({"NoSuchKey", "404"})
_NO_LIFECYCLE: Final = "NoSuchLifecycleConfiguration"


class S3Bucket:
    """A bucket, and the prefix of the keys of pictures in it. Threads may share it.

    Every method raises `PictureStorageError`.
    """

    def __init__(self, address: PicturesAddress, access: S3Access = AWS_ACCESS) -> None:
        """Configure the client; the first request opens a connection.

        With an endpoint, the name of the bucket is part of the path, as other stores than AWS's expect it.
        """
        self.address = address
        self.region = address.region or find_region()
        self._client: S3Client = boto3.session.Session(region_name=self.region).client(
            "s3",
            endpoint_url=access.endpoint_url,
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=access.secret_access_key,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
                max_pool_connections=CONNECTIONS,
                signature_version="s3v4",
                s3={"addressing_style": "path" if access.endpoint_url else "auto"},
                # not every store knows checksums in trailers; `fetch_picture` compares the whole picture
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                tcp_keepalive=True,
            ),
        )

    def put_picture(self, job_id: str, kind: str, picture: bytes) -> PictureReference:
        """Store a picture of a job under a key of its own."""
        key = f"{self._build_job_prefix(job_id)}{kind}-{secrets.token_hex(8)}"
        with self._translate_errors():
            self._client.put_object(
                Bucket=self.address.bucket, Key=key, Body=picture, ContentType=MEDIA_TYPE, **self._list_encryption()
            )
        sha256 = hashlib.sha256(picture).hexdigest()
        return PictureReference(self.address.bucket, key, len(picture), sha256, self.address.region)

    def fetch_picture(self, reference: PictureReference) -> bytes | None:
        """Fetch a picture; None if it was deleted."""
        with self._translate_errors():
            try:
                reply = self._client.get_object(Bucket=reference.bucket, Key=reference.key)
                picture: bytes = reply["Body"].read()
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _MISSING_CODES:
                    return None
                raise
        if hashlib.sha256(picture).hexdigest() != reference.sha256:
            raise PictureStorageError(f"A picture in the bucket {reference.bucket} is not the one that was stored.")
        return picture

    def list_job_keys(self, job_ids: Iterable[str]) -> list[str]:
        """List the keys of all pictures of these jobs, also of those to which nothing refers."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._translate_errors():
            return [
                row["Key"]
                for job_id in job_ids
                for page in pages.paginate(Bucket=self.address.bucket, Prefix=self._build_job_prefix(job_id))
                for row in page.get("Contents", ())
            ]

    def delete_keys(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are gone already are no error."""
        for start in range(0, len(keys), MAX_DELETIONS):
            objects: Any = [{"Key": key} for key in keys[start : start + MAX_DELETIONS]]
            with self._translate_errors():
                reply = self._client.delete_objects(
                    Bucket=self.address.bucket, Delete={"Objects": objects, "Quiet": True}
                )
            if errors := reply.get("Errors"):
                raise PictureStorageError(f"S3 has not deleted a picture ({errors[0].get('Code')}).")

    def find_encryption(self, reference: PictureReference) -> str:
        """Find how the store encrypts a picture; "" if it does not say so."""
        with self._translate_errors():
            reply: Any = self._client.head_object(Bucket=reference.bucket, Key=reference.key)
        return str(reply.get("ServerSideEncryption", ""))

    def find_region(self) -> str:
        """Find the region of the bucket."""
        with self._translate_errors():
            reply: Any = self._client.get_bucket_location(Bucket=self.address.bucket)
        return str(reply.get("LocationConstraint") or _DEFAULT_REGION)

    def load_lifecycle_rules(self) -> list[dict[str, Any]]:
        """Load the rules by which the store deletes objects."""
        with self._translate_errors():
            try:
                reply: Any = self._client.get_bucket_lifecycle_configuration(Bucket=self.address.bucket)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == _NO_LIFECYCLE:
                    return []
                raise
        return list(reply["Rules"])

    def save_lifecycle_rules(self, rules: Sequence[Any]) -> None:
        """Replace all rules by which the store deletes objects."""
        with self._translate_errors():
            self._client.put_bucket_lifecycle_configuration(
                Bucket=self.address.bucket, LifecycleConfiguration={"Rules": rules}
            )

    def close(self) -> None:
        """Close the idle connections."""
        self._client.close()

    def _build_job_prefix(self, job_id: str) -> str:
        return f"{self.address.prefix}{job_id}/"

    def _list_encryption(self) -> dict[str, Any]:
        if self.address.encryption == "none":
            return {}
        key = {"SSEKMSKeyId": self.address.kms_key_id} if self.address.kms_key_id else {}
        return {"ServerSideEncryption": self.address.encryption, **key}

    @contextlib.contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise PictureStorageError(
                f"S3 refused a request for the bucket {self.address.bucket} ({code}). Check PICTURES_URL, the region,"
                " and what the credentials may do: docs/operate/pictures.md."
            ) from error
        except (BotoCoreError, HTTPError, OSError) as error:
            raise PictureStorageError(
                f"S3 cannot be reached ({type(error).__name__}). Check AWS_ENDPOINT_URL_S3 and the network."
            ) from error


def find_region() -> str:
    """Find the region that AWS's own variables name."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or _DEFAULT_REGION
