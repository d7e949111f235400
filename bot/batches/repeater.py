"""Makes the draft of a batch that was made before: the same requests with the same seeds, from the same pictures."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.batches.brief_text import TITLE_LIMIT
from bot.batches.manifest import Manifest, ManifestItem
from bot.batches.reading.file_names import UniqueNames, clean_name
from bot.batches.row_requests import RequestContext, RowRequestBuilder, list_team_notes
from bot.domain.batch_previews import MAX_LISTED_ROWS, BatchPreview, RejectedRow
from bot.domain.batches import Batch, BatchItem
from bot.storage.batches import SqlBatchStore
from bot.submission.team_settings import apply_locked_options
from bot.submission.validation import RequestValidator
from shared.job import make_item_id
from shared.problems import Problem, RejectedError, make_problem
from shared.request.model import BuiltRequest

_NAME_LIMIT: Final = 100
_NOTE_LIMIT: Final = 1000


def describe_batch(batch: Batch, items: Sequence[BatchItem]) -> Manifest:
    """Describe a stored batch as its manifest does."""
    described = [
        ManifestItem(
            row=item.row_number,
            name=item.name,
            request=item.request,
            seed=item.seed,
            image_sha256=item.image_sha256,
            note=item.note,
        )
        for item in items
    ]
    return Manifest(
        version=1, batch=batch.id, title=batch.brief.title, file_pattern=batch.file_pattern, items=tuple(described)
    )


@dataclass(frozen=True)
class BatchRepeater:
    """Makes such drafts, of at most `max_items`."""

    store: SqlBatchStore
    builder: RowRequestBuilder
    max_items: int

    async def add_draft(
        self, batch: Batch, manifest: Manifest, context: RequestContext, *, may_use_sources: bool
    ) -> None:
        """Store a new draft of the items of a manifest that are still possible; the preview has the others.

        Unless `may_use_sources`, the pictures of the batch that was made before are not used. Raises `RejectedError`
        (batch_too_many_items), and if no item is possible.
        """
        if len(manifest.items) > self.max_items:
            raise RejectedError(make_problem("batch_too_many_items", count=len(manifest.items), limit=self.max_items))
        stored = await self.store.list_image_names(manifest.batch) if may_use_sources else {}
        validator = await self.builder.load_validator(context)
        items: list[BatchItem] = []
        rejected: list[RejectedRow] = []
        accepted: list[BuiltRequest] = []
        names = UniqueNames()
        for described in manifest.items:
            try:
                built = await _build_request(validator, context, described, stored)
            except RejectedError as rejection:
                rejected.append(RejectedRow(described.row, rejection.problems))
                continue
            request, number = built.request, len(items) + 1
            accepted.append(built)
            items.append(
                BatchItem(
                    number=number,
                    row_number=described.row,
                    name=names.make_unique(clean_name(described.name[:_NAME_LIMIT]) or f"{number:03}"),
                    request=request,
                    image_sha256=described.image_sha256 if request.has_picture else None,
                    job_id=make_item_id(batch.id, number),
                    note=described.note[:_NOTE_LIMIT],
                )
            )
            await asyncio.sleep(0)  # hundreds of items would hold up other interactions
        if not items:
            raise RejectedError(*_list_problems(rejected))
        brief = replace(batch.brief, title=manifest.title[:TITLE_LIMIT])
        draft = replace(batch, brief=brief, file_pattern=manifest.file_pattern[:_NAME_LIMIT])
        if await self.store.add_draft(draft, items):
            used = {item.image_sha256 for item in items if item.image_sha256 is not None}
            await self.store.copy_images(manifest.batch, batch.id, used)
            preview = BatchPreview(len(rejected), tuple(rejected[:MAX_LISTED_ROWS]), list_team_notes(accepted))
            await self.store.save_preview(batch.id, preview)


async def _build_request(
    validator: RequestValidator, context: RequestContext, described: ManifestItem, stored: Collection[str]
) -> BuiltRequest:
    """Build the request of an item, with the options that the team locks. Raises `RejectedError`."""
    built, team = BuiltRequest(described.repeated_request), context.usage.team
    if built.request.has_picture and described.image_sha256 not in stored:
        raise RejectedError(make_problem("batch_source_gone"))
    if team is not None:
        built = apply_locked_options(built.request, team, validator.catalogue)
    problems = await validator.find_usage_problems(replace(context.usage, requests=(built.request,)))
    if problems:
        raise RejectedError(*problems)
    return built


def _list_problems(rejected: Sequence[RejectedRow]) -> list[Problem]:
    """List the problems of all rows, each once."""
    problems: list[Problem] = []
    for row in rejected:
        problems += [problem for problem in row.problems if problem not in problems]
    return problems
