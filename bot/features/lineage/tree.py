"""Prepares the records of a lineage for drawing: the nodes of the tree, and the path of the time-lapse."""

from collections.abc import Mapping, Sequence

from bot.domain.records import JobRecord
from bot.features.lineage.view import describe_changes
from bot.images.lineage_tree import Node
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages

Thumbnails = Mapping[str, bytes | None]


def build_nodes(
    records: Sequence[JobRecord],
    thumbnails: Thumbnails,
    originals: Mapping[str, bytes],
    current_job_id: str,
    messages: Messages,
    catalogue: Catalogue,
) -> list[Node]:
    """Build a node for each uploaded picture and for each job. `originals` are by the job that started from them."""
    records_by_id = {record.job.id: record for record in records}
    nodes = [
        Node(
            id=_make_original_id(job_id),
            parent_id=None,
            thumbnail=thumbnail,
            author=_get_original_author(records_by_id[job_id]),
            seed_label=messages.text("lineage.original"),
            fallback_author=messages.text("lineage.somebody"),
        )
        for job_id, thumbnail in originals.items()
    ]
    for record in records:
        job = record.job
        parent = records_by_id.get(job.parent_id or "")
        original_id = _make_original_id(job.id) if job.id in originals else None
        nodes.append(
            Node(
                id=job.id,
                parent_id=parent.job.id if parent else original_id,
                thumbnail=thumbnails[job.id],
                author=job.requester.name,
                seed_label="" if record.seed is None else f"{messages.get_option_name('seed')} {record.seed}",
                changes=describe_changes(parent, record, catalogue, messages) if parent else "",
                current_label=messages.text("lineage.here") if job.id == current_job_id else "",
                placeholder=messages.text(f"lineage.{record.missing_image_reason}"),
                fallback_author=messages.text("lineage.somebody"),
            )
        )
    return nodes


def list_path_thumbnails(
    current: JobRecord, records: Sequence[JobRecord], thumbnails: Thumbnails, originals: Mapping[str, bytes]
) -> list[bytes]:
    """List the available thumbnails on the path from the uploaded picture to the current one."""
    records_by_id = {record.job.id: record for record in records}
    path = [current]
    while (parent := records_by_id.get(path[0].job.parent_id or "")) is not None and parent not in path:
        path.insert(0, parent)
    frames = [originals.get(path[0].job.id), *(thumbnails[record.job.id] for record in path)]
    return [frame for frame in frames if frame is not None]


def _get_original_author(record: JobRecord) -> str:
    """Get the name of who uploaded the picture that a job started from; "" if it was somebody else."""
    return record.job.requester.name if record.job.source_owner_id is None else ""


def _make_original_id(job_id: str) -> str:
    return f"{job_id}:original"
