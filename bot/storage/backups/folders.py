"""The folders of backups: each has the copy and its manifest, and appears when both are complete."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.domain.backups import BackupError, BackupManifest

MANIFEST_NAME: Final = "manifest.json"
_NAME_PREFIX: Final = "pentimento-"
_UNFINISHED_SUFFIX: Final = ".unfinished"
_HASH_CHUNK_BYTES: Final = 1 << 20


@contextmanager
def create_backup_folder(parent: Path, made_at: float) -> Iterator[tuple[Path, Path]]:
    """Create a folder to write to, and rename it when the context ends without an error; it is deleted otherwise.

    Yields it and the path that it gets. Raises `BackupError`.
    """
    final = parent / f"{_NAME_PREFIX}{datetime.fromtimestamp(made_at, UTC):%Y%m%dT%H%M%SZ}"
    unfinished = final.with_name(final.name + _UNFINISHED_SUFFIX)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        if final.exists():
            raise BackupError(f"{final} exists already. Wait a second, and try again.")
        unfinished.mkdir(mode=0o700)
    except OSError as error:
        raise BackupError(
            f"The backup cannot be written to {parent} ({error.strerror}). Name a folder that this user may write to."
        ) from None
    try:
        yield unfinished, final
        _sync_folder(unfinished)
        unfinished.rename(final)
        _sync_folder(parent)
    except OSError as error:
        raise BackupError(
            f"The backup cannot be written to {parent} ({error.strerror or error}). Make room there, or name another "
            "folder."
        ) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def write_manifest(folder: Path, manifest: BackupManifest) -> None:
    """Write the manifest beside the copy. Raises `OSError`."""
    with (folder / MANIFEST_NAME).open("x", encoding="utf-8") as file:
        file.write(manifest.model_dump_json(indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())


def find_backup(folder: Path) -> Path:
    """Find the newest backup in a folder, or the folder itself if it is one. Raises `BackupError`."""
    if (folder / MANIFEST_NAME).is_file():
        return folder
    backups = list_backups(folder)
    if not backups:
        raise BackupError(f"{folder} has no backup. Name the folder that `python -m bot backup` wrote to.")
    return backups[-1]


def list_backups(folder: Path) -> Sequence[Path]:
    """List the complete backups in a folder, oldest first."""
    return sorted(
        path
        for path in folder.glob(f"{_NAME_PREFIX}*")
        if path.suffix != _UNFINISHED_SUFFIX and (path / MANIFEST_NAME).is_file()
    )


def delete_old_backups(folder: Path, keep: int) -> int:
    """Delete all but the newest backups; return how many were deleted. Raises `BackupError`."""
    old = list_backups(folder)[:-keep]
    for path in old:
        try:
            (path / MANIFEST_NAME).unlink()  # what is left of it is no backup any more
            shutil.rmtree(path)
        except OSError as error:
            raise BackupError(f"The old backup {path} cannot be deleted ({error.strerror}). Delete it.") from None
    return len(old)


def load_manifest(folder: Path) -> BackupManifest:
    """Load the manifest of a backup, and check that its file is the one that was written. Raises `BackupError`."""
    try:
        manifest = BackupManifest.model_validate_json((folder / MANIFEST_NAME).read_bytes())
        file = folder / Path(manifest.file_name).name
        sha256 = compute_sha256(file)
    except (ValueError, OSError):
        raise BackupError(f"The backup in {folder} is not complete. Restore another one.") from None
    if (file.stat().st_size, sha256) != (manifest.size_bytes, manifest.sha256):
        raise BackupError(f"{file} is not the file that was written: its hash differs. Restore another backup.")
    return manifest


def compute_sha256(file: Path) -> str:
    """Compute the hash of a file. Raises `OSError`."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def sync_file(file: Path) -> None:
    """Wait until a file is on the disk. Raises `OSError`."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
