"""Where the pictures of waiting jobs are stored: in Redis, or in S3 with a reference in Redis."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from shared.addresses.pictures import PicturesAddress, parse_pictures_address
from shared.pictures.access import AWS_ACCESS, S3Access
from shared.pictures.reference import PictureReference, PictureStorageError
from shared.settings import CommonSettings

if TYPE_CHECKING:
    from shared.pictures.s3_bucket import S3Bucket

UPLOAD: Final = "upload"
PREPARED: Final = "prepared"
RESULT: Final = "result"
"""The kinds of pictures, which their keys name."""


class PictureStorage:
    """The storage for new pictures, and for those to which references lead. Threads may share it.

    Without an address, new pictures stay in Redis. Those of before are read all the same, from the bucket that their
    references name.
    """

    def __init__(self, address: PicturesAddress | None = None, access: S3Access = AWS_ACCESS) -> None:
        self.address = address
        self._access = access
        self._buckets: dict[tuple[str, str], S3Bucket] = {}
        self._lock = threading.Lock()

    @property
    def is_external(self) -> bool:
        """Whether new pictures are stored outside of Redis."""
        return self.address is not None

    def store_picture(self, job_id: str, kind: str, picture: bytes) -> PictureReference | bytes:
        """Store a picture; return the value for Redis. Raises `PictureStorageError`."""
        if self.address is None:
            return picture
        return self.open_bucket(self.address).put_picture(job_id, kind, picture)

    def fetch_picture(self, stored: bytes) -> bytes | None:
        """Fetch the picture to which a stored reference leads; None if it was deleted. Raises `PictureStorageError`."""
        reference = PictureReference.parse(stored)
        return self._find_bucket(reference).fetch_picture(reference)

    def delete_pictures(self, references: Iterable[PictureReference]) -> None:
        """Delete pictures to which nothing refers any more. Raises `PictureStorageError`."""
        keys: dict[S3Bucket, list[str]] = {}
        for reference in references:
            keys.setdefault(self._find_bucket(reference), []).append(reference.key)
        for bucket, chosen in keys.items():
            bucket.delete_keys(chosen)

    def delete_job_pictures(self, job_ids: Iterable[str]) -> None:
        """Delete all pictures that were stored for these jobs. Raises `PictureStorageError`."""
        if self.address is not None:
            bucket = self.open_bucket(self.address)
            bucket.delete_keys(bucket.list_job_keys(job_ids))

    def open_own_bucket(self) -> "S3Bucket | None":
        """Return the client of the bucket for new pictures; None if they stay in Redis.

        Raises `PictureStorageError`.
        """
        return None if self.address is None else self.open_bucket(self.address)

    def open_bucket(self, address: PicturesAddress) -> "S3Bucket":
        """Return the client of a bucket, a new one if there is none yet. Raises `PictureStorageError`."""
        with self._lock:
            bucket = self._buckets.get((address.bucket, address.region))
            if bucket is None:
                try:
                    from shared.pictures.s3_bucket import S3Bucket  # noqa: PLC0415 - an extra, and much memory
                except ModuleNotFoundError as error:
                    raise PictureStorageError(f"{error.name} is not installed. Install pentimento[s3].") from error
                bucket = self._buckets[address.bucket, address.region] = S3Bucket(address, self._access)
            return bucket

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            for bucket in self._buckets.values():
                bucket.close()
            self._buckets.clear()

    def _find_bucket(self, reference: PictureReference) -> "S3Bucket":
        own = self.address
        if own is not None and (own.bucket, own.region) == (reference.bucket, reference.region):
            return self.open_bucket(own)
        return self.open_bucket(PicturesAddress(reference.bucket, region=reference.region))


def create_picture_storage(settings: CommonSettings) -> PictureStorage:
    """Create the storage that PICTURES_URL names; "" is Redis."""
    secret = settings.s3_secret_access_key
    access = S3Access(
        settings.aws_endpoint_url_s3, settings.s3_access_key_id, secret.get_secret_value() if secret else None
    )
    url = settings.pictures_url
    return PictureStorage(parse_pictures_address(url) if url else None, access)
