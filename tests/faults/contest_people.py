"""The people of a simulated contest: they enter pictures and vote by the buttons and forms of the real bot."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp

from demo.first_picture import iter_message_texts
from shared.i18n.messages import load_messages
from tests.support.user import LOADING_FLAG, list_components, list_custom_ids

POLL_SECONDS = 0.2
PATIENCE_SECONDS = 30.0
MAX_PAGES_TURNED = 2
CHANGED_SHARE = 0.3
EN = load_messages("en")

Interaction = dict[str, Any]
Message = dict[str, Any]


@dataclass
class Crowd:
    """The ids of all people, and what they did.

    `entered` are the ids of accepted entries by round, `ballots` the choices that people saw confirmed, by round and
    person. `refusals` are answers that nobody should get, and `waits` the seconds until the bot had acknowledged.
    """

    http: aiohttp.ClientSession
    url: str
    contest_id: str
    seed: int
    people: list[str] = field(default_factory=list)
    entered: dict[int, list[str]] = field(default_factory=dict)
    ballots: dict[int, dict[str, tuple[int, ...]]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    async def join(self, count: int) -> None:
        """Let so many people join the server."""
        for number in range(count):
            self.people.append((await self._call("POST", "/control/users", {"name": f"member{number}"}))["id"])

    async def enter(self, round_number: int, count: int, message_id: str, seconds: float) -> None:
        """Let people enter so many pictures together, each at a time of its own within so many seconds."""
        self.entered[round_number] = []
        forms = [
            self._fill_form(round_number, message_id, self.people[number % len(self.people)], f"castle {number}")
            for number in range(count)
        ]
        await asyncio.gather(*(self._act_within(seconds, form) for form in forms))

    async def vote(self, round_number: int, message_id: str, seconds: float) -> None:
        """Let everybody vote, each at a time of their own within so many seconds."""
        self.ballots[round_number] = {}
        ballots = [self._fill_ballot(round_number, message_id, person) for person in self.people]
        await asyncio.gather(*(self._act_within(seconds, ballot) for ballot in ballots))

    async def _act_within(self, seconds: float, act: Any) -> None:
        await asyncio.sleep(random.uniform(0, seconds))
        try:
            await act
        except AssertionError as error:
            self.refusals.append(str(error))

    async def _fill_form(self, round_number: int, message_id: str, person: str, prompt: str) -> None:
        opened = await self._press(person, message_id, f"round_enter:{self.contest_id}")
        await self._wait_for(opened, lambda interaction: "modal" in interaction, "the form of an entry")
        form = {"user": person, "interaction_id_of_modal": opened, "values": {"prompt": prompt}}
        job: str = (await self._call("POST", "/control/submit", form))["interaction_id"]
        text = read_text(await self._wait_for(job, has_response, "the response to a form"))
        assert text == EN.text("round.accepted"), text
        self.entered[round_number].append(job)

    async def _fill_ballot(self, round_number: int, message_id: str, person: str) -> None:
        """Turn some pages, choose up to three entries, and sometimes change the first choice."""
        rng = random.Random(f"{self.seed}/{round_number}/{self.people.index(person)}")
        opened = await self._press(person, message_id, f"round_vote:{self.contest_id}")
        ballot = await self._wait_for(opened, has_response, "a ballot")
        for page in range(1, rng.randint(0, MAX_PAGES_TURNED) + 1):
            following = f"round_ballot:{self.contest_id}:{page}"
            if following not in list_custom_ids(ballot["message"]):
                break
            await self._press(person, ballot["message"]["id"], following)
            ballot = await self._wait_for(opened, partial(has_page, page), f"page {page}")
        choices: list[int] = []
        ranks = [*range(1, rng.randint(1, 3) + 1), *([1] if rng.random() < CHANGED_SHARE else [])]
        for rank in ranks:
            select = find_select(ballot, rank)
            offered = [number for number in list_offered(select) if number not in choices]
            if select is None or not offered:
                break
            number = rng.choice(offered)
            await self._press(person, ballot["message"]["id"], select["custom_id"], str(number))
            ballot = await self._wait_for(opened, partial(has_choice, rank, number), f"choice {number}")
            choices[rank - 1 : rank] = [number]
            self.ballots[round_number][person] = tuple(choices)
            self.counts["choices"] += 1

    async def _press(self, person: str, message_id: str, custom_id: str, *values: str) -> str:
        """Use a button or a select, and wait until the bot has acknowledged that; return the interaction's id."""
        used = {"user": person, "message_id": message_id, "custom_id": custom_id, "values": list(values)}
        self.counts["interactions"] += 1
        started = time.monotonic()
        pressed: str = (await self._call("POST", "/control/press", used))["interaction_id"]
        await self._wait_for(pressed, lambda seen: seen["acknowledged"], "an acknowledgement")
        self.waits.append(time.monotonic() - started)
        return pressed

    async def _wait_for(
        self, interaction_id: str, condition: Callable[[Interaction], Any], description: str
    ) -> Interaction:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            interaction: Interaction = await self._call("GET", f"/control/interactions/{interaction_id}")
            if condition(interaction):
                return interaction
            assert not interaction["failed"], f"{description}: not acknowledged within 3 s"
            assert time.monotonic() < deadline, f"{description}: not within {PATIENCE_SECONDS:.0f} s"
            await asyncio.sleep(POLL_SECONDS)

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, self.url + path, json=body) as response:
            answer = await response.json()
            assert response.ok, f"{method} {path}: {answer}"
            return answer


def has_response(interaction: Interaction) -> bool:
    """Tell whether the response has content."""
    message = interaction.get("message")
    return message is not None and not message["flags"] & LOADING_FLAG


def has_page(page: int, interaction: Interaction) -> bool:
    """Tell whether a ballot shows this page of the entries."""
    select = find_select(interaction, 1)
    return select is not None and select["custom_id"].endswith(f":{page}")


def find_select(interaction: Interaction, rank: int) -> dict[str, Any] | None:
    """Find the select for a choice of a ballot."""
    return next(
        (
            component
            for component in list_components(interaction["message"])
            if component["custom_id"].startswith("round_choice:") and component["custom_id"].split(":")[4] == str(rank)
        ),
        None,
    )


def list_offered(select: dict[str, Any] | None) -> Sequence[int]:
    """List the numbers that a select offers."""
    return [int(option["value"]) for option in select["options"]] if select else []


def has_choice(rank: int, number: int, interaction: Interaction) -> bool:
    """Tell whether a ballot shows this choice as saved."""
    select = find_select(interaction, rank)
    return select is not None and [o["value"] for o in select["options"] if o.get("default")] == [str(number)]


def read_text(interaction: Interaction) -> str:
    """Read the response to an interaction."""
    return "\n".join(iter_message_texts(interaction["message"]))
