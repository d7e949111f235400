"""Exports the pictures of a batch as zip archives that can be uploaded, with one picture at a time in memory."""

import asyncio
import hashlib
import tempfile
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Final

from bot.batches.manifest import (
    MANIFEST_NAME,
    ManifestEntry,
    build_manifest_csv,
    build_manifest_json,
    format_file_name,
    measure_entry,
)
from bot.batches.reading.file_names import UniqueNames
from bot.domain.batches import Batch, BatchItem, ItemState, Review, get_sheet_number
from bot.domain.messages import MessageRef
from bot.domain.ports import JobHistory
from bot.images.marking import mark_image
from bot.storage.batches import SqlBatchStore
from shared.catalogue import Catalogue
from shared.imaging.sniffing import sniff_image_type
from shared.imaging.xmp import SourceType
from shared.problems import RejectedError, make_problem

_FILE_OVERHEAD: Final = 1024
"""An upper bound of the bytes that a zip archive takes for a file besides its contents, with a name of 200 bytes."""
_ARCHIVE_OVERHEAD: Final = 1024


@dataclass
class ExportPart:
    """An archive on disk. The caller closes `file`. `picture_count` and `missing_count` are those of the whole so far.

    Its manifest lists all items up to its end.
    """

    file: IO[bytes]
    number: int
    picture_count: int
    missing_count: int


@dataclass(frozen=True)
class BatchExporter:
    """Exports batches."""

    store: SqlBatchStore
    job_history: JobHistory
    catalogue: Catalogue

    async def list_items(self, batch: Batch, *, is_accepted_only: bool, is_public: bool) -> Sequence[BatchItem]:
        """List the items that are exported: those that were accepted or, with their reasons, all.

        Where everybody reads the manifest, it has only those that were made: others may have words that were refused.

        Raises `RejectedError` (batch_nothing_to_export).
        """
        if is_accepted_only:
            items = await self.store.list_items(batch.id, states={ItemState.GENERATED}, review=Review.ACCEPTED)
        else:
            items = await self.store.list_items(batch.id, states={ItemState.GENERATED} if is_public else None)
        if not items:
            raise RejectedError(make_problem("batch_nothing_to_export"))
        return items

    async def export(self, batch: Batch, items: Sequence[BatchItem], limit: int) -> AsyncIterator[ExportPart]:
        """Yield the archives, each of at most `limit` bytes. Raises `RejectedError`."""
        names, entries = UniqueNames(), await self._build_entries(batch, items)
        done: list[ManifestEntry] = []
        manifest_size = 0
        archive = _Archive(limit, number=1)
        try:
            for entry in entries:
                named, picture = await self._load_picture(batch, entry, names)
                manifest_size += measure_entry(batch, named)
                if picture is not None and not _Archive(limit, number=0).has_room_for(manifest_size, picture):
                    named, picture = replace(named, file=None, sha256=None, reason="too large"), None
                if not archive.has_room_for(manifest_size, picture):
                    yield await archive.finish(batch, done)
                    archive = _Archive(limit, number=archive.number + 1)
                if picture is not None and named.file is not None:
                    await archive.add(named.file, picture)
                done.append(named)
            yield await archive.finish(batch, done)
        finally:
            archive.discard()

    async def _build_entries(self, batch: Batch, items: Sequence[BatchItem]) -> list[ManifestEntry]:
        """Build the entries without their files, which are named when they are read."""
        names = await self.store.list_image_names(batch.id)
        unique, by_hash = UniqueNames(), {}
        for sha256, name in sorted(names.items()):
            stem, dot, extension = name.rpartition(".")
            by_hash[sha256] = f"{unique.make_unique(stem or extension)}{dot if stem else ''}{extension if stem else ''}"
        sheets = {sheet.number: sheet.message_id for sheet in await self.store.list_sheets(batch.id)}
        deleted = await self._list_deleted(items)
        return [
            ManifestEntry(
                item,
                reason="deleted" if item.job_id in deleted else None,
                model_id=self._find_model_id(item),
                image_name=by_hash.get(item.image_sha256 or ""),
                link=_build_link(batch, item, sheets),
            )
            for item in items
        ]

    async def _list_deleted(self, items: Sequence[BatchItem]) -> set[str]:
        """List the jobs whose results a person deleted."""
        generated = [item.job_id for item in items if item.state is ItemState.GENERATED]
        records = await self.job_history.find_jobs(generated)
        return {job_id for job_id, record in records.items() if record.is_deleted}

    async def _load_picture(
        self, batch: Batch, entry: ManifestEntry, names: UniqueNames
    ) -> tuple[ManifestEntry, bytes | None]:
        """Load the picture of an entry, which is then named, or say why there is none."""
        item = entry.item
        if item.state is not ItemState.GENERATED:
            return replace(entry, reason=item.state.value), None
        data = None if entry.reason is not None else await self.store.load_result(item.job_id)
        image_type = None if data is None else sniff_image_type(data)
        if data is None or image_type is None:
            return replace(entry, reason=entry.reason or "gone"), None
        source_type = SourceType.choose(has_picture=item.request.has_picture)
        marked = await asyncio.to_thread(mark_image, data, source_type)
        name = f"{names.make_unique(format_file_name(batch.file_pattern, item))}.{image_type.extension}"
        return replace(entry, file=name, sha256=hashlib.sha256(marked).hexdigest()), marked

    def _find_model_id(self, item: BatchItem) -> str | None:
        model = self.catalogue.models.get(item.request.model)
        return None if model is None else model.id


class _Archive:
    """A zip archive in a temporary file."""

    def __init__(self, limit: int, *, number: int) -> None:
        self.number = number
        self._limit = limit
        self._file: IO[bytes] | None = None
        self._zip: zipfile.ZipFile | None = None
        self._used = _ARCHIVE_OVERHEAD

    def has_room_for(self, manifest_size: int, picture: bytes | None) -> bool:
        """Tell whether a picture fits, with a manifest of so many bytes."""
        return self._used + manifest_size + len(picture or b"") + 3 * _FILE_OVERHEAD <= self._limit

    async def add(self, name: str, picture: bytes) -> None:
        """Add a picture, which is not compressed any more."""
        await asyncio.to_thread(self._write, name, picture, zipfile.ZIP_STORED)
        self._used += len(picture) + _FILE_OVERHEAD

    async def finish(self, batch: Batch, entries: Sequence[ManifestEntry]) -> ExportPart:
        """Add the manifest, and give the file away."""

        def write_manifest() -> IO[bytes]:
            self._write(f"{MANIFEST_NAME}.csv", build_manifest_csv(entries), zipfile.ZIP_DEFLATED)
            self._write(f"{MANIFEST_NAME}.json", build_manifest_json(batch, entries), zipfile.ZIP_DEFLATED)
            archive, file = self._open()
            archive.close()
            file.seek(0)
            return file

        file = await asyncio.to_thread(write_manifest)
        self._file = self._zip = None
        pictures = sum(entry.file is not None for entry in entries)
        return ExportPart(file, self.number, pictures, len(entries) - pictures)

    def discard(self) -> None:
        """Close the file unless it was given away."""
        if self._file is not None:
            self._file.close()

    def _write(self, name: str, data: bytes, compression: int) -> None:
        self._open()[0].writestr(name, data, compression)

    def _open(self) -> tuple[zipfile.ZipFile, IO[bytes]]:
        if self._zip is None or self._file is None:
            self._file = tempfile.TemporaryFile(prefix="pentimento-export-")  # noqa: SIM115 - the caller closes it
            self._zip = zipfile.ZipFile(self._file, "w")
        return self._zip, self._file


def _build_link(batch: Batch, item: BatchItem, sheets: Mapping[int, int | None]) -> str | None:
    message_id = sheets.get(get_sheet_number(item.number))
    if batch.place.thread_id is None or message_id is None:
        return None
    return MessageRef(batch.place.thread_id, message_id).build_link(batch.place.guild_id)
