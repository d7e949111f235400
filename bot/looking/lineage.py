"""`/lineage`: the family of a picture as a tree, and the way to it from the original as an animation."""

import asyncio
import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import discord

from bot.interactions.patience import looking_up
from bot.interactions.showing import Shown, present
from bot.interactions.sight import may_see
from bot.interactions.speaking import phrases_of
from bot.phrases import Phrases
from bot.ports import Past, Remembering, Tracing
from bot.render.lineage import changes, lineage_view
from bot.sheets import Node, lineage_tree, thumbnail, timelapse
from bot.thumbnails import Thumbnailer
from shared.catalogue import Catalogue
from shared.errors import Refused, problem

log = logging.getLogger(__name__)

MOST: Final = 40
TREE, FILM = "lineage.jpg", "lineage.webp"


@dataclass(frozen=True)
class Lineage:
    """Draws where a picture came from, and what came of it; for everyone, where all was told in the same place."""

    library: Remembering
    tracing: Tracing
    thumbnailer: Thumbnailer
    catalogue: Catalogue

    async def __call__(self, interaction: discord.Interaction, job: str | None) -> None:
        """Show the family of this job, or of the latest picture of the thread that the command was used in."""
        async with looking_up(interaction):
            here = await self._here(interaction, job)
            whole = await self.tracing.family(here.job.id, MOST + 1)
        family = [past for past in whole if may_see(interaction, replace(past, deleted=False))]
        private = not all(_is_told_here(interaction, past) for past in family)
        await present(interaction, lambda: self._shown(interaction, here, family[:MOST]), private=private)

    async def _shown(self, interaction: discord.Interaction, here: Past, family: Sequence[Past]) -> Shown:
        phrases = phrases_of(interaction)
        originals = await self._originals(family)
        small = dict(zip((p.job.id for p in family), await self.thumbnailer.of(family), strict=True))
        nodes = [*_first(originals, family, phrases), *self._nodes(family, small, originals, here.job.id, phrases)]
        tree = await asyncio.to_thread(lineage_tree, nodes, lambda count: phrases.say("lineage.more", count=count))
        for place in tree.broken:
            log.warning("job %s: its thumbnail is broken; delete its row to have it made anew", nodes[place].id)
        files = [discord.File(io.BytesIO(tree.jpeg), filename=TREE)]
        film = await self._film(_way(here, family), small, originals, interaction.filesize_limit - len(tree.jpeg))
        if film is not None:
            files.append(discord.File(io.BytesIO(film), filename=FILM))
        view = lineage_view(
            family,
            here.job.id,
            phrases,
            self.catalogue,
            originals=len(originals),
            tree=TREE,
            film=None if film is None else FILM,
        )
        return Shown(view, files)

    async def _here(self, interaction: discord.Interaction, job: str | None) -> Past:
        found = await (self.library.past(job) if job else self.library.latest(interaction.channel_id or 0))
        if found is None:
            raise Refused(problem("lineage_unknown" if job else "lineage_nothing"))
        if not may_see(interaction, found):
            raise Refused(problem("lineage_unknown"))
        return found

    async def _originals(self, family: Sequence[Past]) -> Mapping[str, bytes]:
        """Give what the first ones started from, small, by the first one's job; what was deleted shows nothing."""
        known = {past.job.id for past in family}
        found = {}
        for past in family:
            if past.job.parent in known or past.source is None or past.deleted:
                continue
            kept = await self.library.source(past.source)
            if kept is not None:
                found[past.job.id] = await asyncio.to_thread(thumbnail, kept.data)
        return found

    def _nodes(
        self,
        family: Sequence[Past],
        small: Mapping[str, bytes | None],
        originals: Mapping[str, bytes],
        here: str,
        phrases: Phrases,
    ) -> list[Node]:
        known = {past.job.id: past for past in family}
        nodes = []
        for past in family:
            parent = known.get(past.job.parent or "")
            original = _original_id(past.job.id) if past.job.id in originals else None
            nodes.append(
                Node(
                    id=past.job.id,
                    parent=parent.job.id if parent else original,
                    picture=small[past.job.id],
                    who=past.job.requester.name,
                    seed="" if past.seed is None else f"{phrases.option('seed')} {past.seed}",
                    changed=changes(parent, past, self.catalogue, phrases) if parent else "",
                    here=phrases.say("lineage.here") if past.job.id == here else "",
                    word=phrases.say(f"lineage.{past.without_picture}"),
                    plain=phrases.say("lineage.somebody"),
                )
            )
        return nodes

    async def _film(
        self, way: Sequence[Past], small: Mapping[str, bytes | None], originals: Mapping[str, bytes], limit: int
    ) -> bytes | None:
        """Show the way from the original to here; None where there are not two pictures of it, or no room."""
        frames = [originals.get(way[0].job.id), *(small[past.job.id] for past in way)]
        seen = [frame for frame in frames if frame is not None]
        if len(seen) < 2:  # noqa: PLR2004 - one picture is no way
            return None
        try:
            return await asyncio.to_thread(timelapse, seen, limit)
        except ValueError as error:
            log.info("a time-lapse was left out: %s", error)
            return None


def _is_told_here(interaction: discord.Interaction, past: Past) -> bool:
    """Tell whether everyone who reads the answer could read this one, too."""
    place, channel = past.job.place, interaction.channel
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    return not place.direct and place.channel in {interaction.channel_id, parent}


def _way(here: Past, family: Sequence[Past]) -> list[Past]:
    known = {past.job.id: past for past in family}
    way = [here]
    while (parent := known.get(way[0].job.parent or "")) is not None and parent not in way:
        way.insert(0, parent)
    return way


def _first(originals: Mapping[str, bytes], family: Sequence[Past], phrases: Phrases) -> list[Node]:
    names = {past.job.id: past.job.requester.name for past in family}
    return [
        Node(
            id=_original_id(job_id),
            parent=None,
            picture=data,
            who=names[job_id],
            seed=phrases.say("lineage.original"),
            plain=phrases.say("lineage.somebody"),
        )
        for job_id, data in originals.items()
    ]


def _original_id(job_id: str) -> str:
    return f"{job_id}:original"
