"""Checking the bucket of PICTURES_URL: it stores, fetches and deletes a picture, and looks at the bucket's settings."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from shared.doctor.findings import Finding, Status, find_fault
from shared.pictures.lifecycle import compute_least_days, find_early_days, find_retention_days
from shared.pictures.reference import PictureStorageError
from shared.pictures.storage import UPLOAD, create_picture_storage
from shared.settings import CommonSettings

if TYPE_CHECKING:
    from shared.pictures.s3_bucket import S3Bucket

ACCESS: Final = "pictures.access"
ENCRYPTION: Final = "pictures.encryption"
REGION: Final = "pictures.region"
LIFECYCLE: Final = "pictures.lifecycle"

_PROBE: Final = b"a picture of the doctor"
_RULE_ADVICE: Final = "Run `python -m bot pictures-lifecycle --apply`."


def check_pictures_of(settings: CommonSettings, image_ttl_seconds: int = 86400) -> list[Finding]:
    """Check the bucket of PICTURES_URL, if it is set, as `check_pictures` does."""
    storage = create_picture_storage(settings)
    try:
        bucket = storage.open_own_bucket()
        return [] if bucket is None else check_pictures(bucket, image_ttl_seconds)
    except PictureStorageError as error:
        return [find_fault(ACCESS, str(error))]
    finally:
        storage.close()


def check_pictures(bucket: "S3Bucket", image_ttl_seconds: int = 86400) -> list[Finding]:
    """Check the bucket as bot and workers use it. `image_ttl_seconds` is QUEUE_IMAGE_TTL_SECONDS."""
    findings = _check_access(bucket)
    if any(finding.status is Status.ERROR for finding in findings):
        return findings
    checks: dict[str, Callable[[], Finding]] = {
        REGION: lambda: _check_region(bucket),
        LIFECYCLE: lambda: _check_lifecycle(bucket, compute_least_days(image_ttl_seconds)),
    }
    return [*findings, *(_run_check(name, check) for name, check in checks.items())]


def _run_check(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except PictureStorageError as error:
        return find_fault(name, str(error), Status.WARNING)


def _check_access(bucket: "S3Bucket") -> list[Finding]:
    """Store, fetch, list and delete a picture, and look at its encryption."""
    job_id = f"check-{secrets.token_hex(8)}"
    try:
        reference = bucket.put_picture(job_id, UPLOAD, _PROBE)
        is_read = bucket.fetch_picture(reference) == _PROBE
        encryption = _check_encryption(bucket, bucket.find_encryption(reference))
        bucket.delete_keys(bucket.list_job_keys([job_id]))
        is_deleted = bucket.fetch_picture(reference) is None
    except PictureStorageError as error:
        return [find_fault(ACCESS, str(error))]
    if is_read and is_deleted:
        return [Finding(ACCESS, Status.OK, "A picture was stored, read and deleted in the bucket."), encryption]
    what = "is not deleted" if is_read else "cannot be read again"
    return [Finding(ACCESS, Status.ERROR, f"A picture in the bucket {what}.", "Use another bucket or store.")]


def _check_encryption(bucket: "S3Bucket", found: str) -> Finding:
    wanted = bucket.address.encryption
    if wanted == "none":
        return Finding(
            ENCRYPTION, Status.OK, f"The store is not asked to encrypt ({found or 'it says nothing of it'})."
        )
    if found == wanted:
        return Finding(ENCRYPTION, Status.OK, f"Pictures are encrypted ({found}).")
    what = f"The store does not encrypt pictures as {wanted} ({found or 'it says nothing of it'})."
    return Finding(ENCRYPTION, Status.WARNING, what, "Correct sse in PICTURES_URL, or use another store.")


def _check_region(bucket: "S3Bucket") -> Finding:
    found = bucket.find_region()
    if found in {"", bucket.region}:
        return Finding(REGION, Status.OK, f"The bucket is in {bucket.region}.")
    what = f"The bucket is in {found}, and requests are sent to {bucket.region}."
    return Finding(REGION, Status.WARNING, what, f"Write ?region={found} in PICTURES_URL.")


def _check_lifecycle(bucket: "S3Bucket", least_days: int) -> Finding:
    rules, prefix = bucket.load_lifecycle_rules(), bucket.address.prefix
    early = find_early_days(rules, prefix, least_days)
    if early is not None:
        what = f"A lifecycle rule deletes pictures after {early} days, and jobs may need them for {least_days}."
        return Finding(LIFECYCLE, Status.ERROR, what, "Remove that rule, or limit it to another prefix.")
    days = find_retention_days(rules, prefix)
    if days is None:
        return Finding(
            LIFECYCLE, Status.WARNING, "No lifecycle rule deletes pictures that are left over.", _RULE_ADVICE
        )
    return Finding(LIFECYCLE, Status.OK, f"What is left over is deleted after {days} days.")
