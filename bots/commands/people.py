"""The commands on one's own things: presets, and everything Inkling knows about somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from backends.store.protocol import Store
from backends.store.records import RequestRecord
from bots.commands.invocation import Invocation
from bots.jobs import Jobs
from config.errors import InvalidOptions, NotFound
from config.sampling import SamplingOverrides
from config.text import is_usable_name, shorten
from config.workspace import PresetName

_MAX_PERSONAL_PRESETS = 50
_preset_name: TypeAdapter[str] = TypeAdapter(PresetName)


@dataclass(frozen=True, slots=True)
class Presets:
    personal: Mapping[str, SamplingOverrides]
    shared: Mapping[str, SamplingOverrides]


class PeopleCommands:
    def __init__(self, store: Store, jobs: Jobs) -> None:
        self._store = store
        self._jobs = jobs

    async def presets(self, invocation: Invocation) -> Presets:
        """Those /complete can use here: one's own, which win, and the server's."""
        shared = (await self._store.workspace(invocation.workspace)).settings.presets
        return Presets(await self._store.presets(invocation.workspace, invocation.requester.id), shared)

    async def save_preset(self, invocation: Invocation, name: str, overrides: SamplingOverrides) -> None:
        """Keep an option set under a name of one's own."""
        name = check_preset_name(name)
        mine = await self._store.presets(invocation.workspace, invocation.requester.id)
        if name not in mine and len(mine) >= _MAX_PERSONAL_PRESETS:
            raise InvalidOptions(f"You have {len(mine)} presets, which is the most; delete one first.", "preset")
        if not overrides.given():
            raise InvalidOptions("A preset needs at least one option, such as temperature=0.5.", "preset")
        await self._store.save_preset(invocation.workspace, invocation.requester.id, name, overrides)

    async def delete_preset(self, invocation: Invocation, name: str) -> None:
        place, user = invocation.workspace, invocation.requester.id
        if not is_usable_name(name) or not await self._store.delete_preset(place, user, name):
            raise NotFound(f'You have no preset "{shorten(name)}".')

    async def my_data(self, invocation: Invocation) -> tuple[RequestRecord, ...]:
        """Every request Inkling keeps of this person here."""
        return await self._store.requests_of(invocation.workspace, invocation.requester.id)

    async def forget_me(self, invocation: Invocation) -> int:
        """Stop and erase everything of this person here; returns how many requests that were."""
        await self.stop_mine(invocation)
        return await self._store.erase_user(invocation.workspace, invocation.requester.id)

    async def stop_mine(self, invocation: Invocation) -> None:
        """Until nothing of this person's is being written here any more."""
        for record in await self._store.open_of(invocation.workspace, invocation.requester.id):
            await self._jobs.stop(record.id, invocation.requester.name)


def check_preset_name(name: str) -> str:
    """The name itself when a preset may have it."""
    try:
        return _preset_name.validate_python(name)
    except ValidationError as error:
        raise InvalidOptions(
            "A preset's name is 1 to 32 lower-case letters, digits, - or _, and starts with a letter or digit.",
            "preset",
        ) from error
