"""What every store does with settings and people's own things; part of `contract`."""

from __future__ import annotations

import asyncio

import pytest

from backends.store.protocol import SettingsChanged, Store
from backends.store.records import StoredSettings
from config.sampling import SamplingOverrides
from config.workspace import AccessRules, Ceilings, ChannelSettings, WorkspaceSettings
from tests.backends.store.contract_requests import accepted, ended
from tests.fakes.records import (
    ELSEWHERE,
    HERE,
    make_entry,
)


class SettingsContract:
    async def test_unsaved_settings_are_the_built_in_ones(self, store: Store) -> None:
        assert await store.workspace(HERE) == StoredSettings(WorkspaceSettings(), 0)
        assert await store.audit(HERE, 10) == ()
        assert await store.workspaces() == ()

    async def test_gives_back_every_setting(self, store: Store) -> None:
        settings = WorkspaceSettings(
            defaults=SamplingOverrides(temperature=0.0, stop=("\n",)),
            ceilings=Ceilings(length=100),
            access=AccessRules(denied_users=("u9",)),
            presets={"calm": SamplingOverrides(temperature=0.3, stop=())},
            channels={"general": ChannelSettings(model="gpt2")},
            backend="local",
            regenerate_emoji="🌀",
            regenerate_by="admins",
            cooldown_s=1.5,
            max_in_flight=2,
            retention_days=30,
            word_filter=("dam*",),
        )
        await store.save_workspace(HERE, settings, 0, make_entry())
        assert await store.workspace(HERE) == StoredSettings(settings, 1)

    async def test_each_change_is_one_version_and_one_entry(self, store: Store) -> None:
        entries = [make_entry(action=f"set length {length}") for length in (1, 2, 3)]
        for version, entry in enumerate(entries):
            settings = WorkspaceSettings(ceilings=Ceilings(length=version + 1))
            assert await store.save_workspace(HERE, settings, version, entry) == version + 1
        assert await store.workspace(HERE) == StoredSettings(settings, 3)
        assert await store.audit(HERE, 10) == tuple(reversed(entries))
        assert await store.audit(HERE, 2) == (entries[2], entries[1])

    async def test_going_back_to_the_built_in_settings_is_a_change_too(self, store: Store) -> None:
        await store.save_workspace(HERE, WorkspaceSettings(cooldown_s=5), 0, make_entry())
        await store.save_workspace(HERE, WorkspaceSettings(), 1, make_entry())
        assert await store.workspace(HERE) == StoredSettings(WorkspaceSettings(), 2)

    @pytest.mark.parametrize("expected", [0, 2])
    async def test_another_version_saves_nothing(self, store: Store, expected: int) -> None:
        settings = WorkspaceSettings(cooldown_s=5)
        await store.save_workspace(HERE, settings, 0, make_entry())
        with pytest.raises(SettingsChanged, match=r"Somebody else changed the settings"):
            await store.save_workspace(HERE, WorkspaceSettings(), expected, make_entry(action="lost"))
        assert await store.workspace(HERE) == StoredSettings(settings, 1)
        assert len(await store.audit(HERE, 10)) == 1

    async def test_of_many_changes_at_once_one_is_saved(self, store: Store) -> None:
        saves = [
            store.save_workspace(HERE, WorkspaceSettings(cooldown_s=number), 0, make_entry(action=str(number)))
            for number in range(10)
        ]
        answers = await asyncio.gather(*saves, return_exceptions=True)
        assert answers.count(1) == 1
        assert sum(isinstance(answer, SettingsChanged) for answer in answers) == 9
        (entry,) = await store.audit(HERE, 10)
        assert (await store.workspace(HERE)).settings.cooldown_s == float(entry.action)

    async def test_workspaces_are_apart(self, store: Store) -> None:
        await store.save_workspace(HERE, WorkspaceSettings(cooldown_s=5), 0, make_entry())
        assert await store.workspace(ELSEWHERE) == StoredSettings(WorkspaceSettings(), 0)
        assert await store.audit(ELSEWHERE, 10) == ()
        await store.save_workspace(ELSEWHERE, WorkspaceSettings(), 0, make_entry())
        assert set(await store.workspaces()) == {HERE, ELSEWHERE}


class PeopleContract:
    async def test_presets_are_saved_replaced_and_deleted(self, store: Store) -> None:
        calm, bold = SamplingOverrides(temperature=0.1 + 0.2), SamplingOverrides(top_k=0, stop=())
        await store.save_preset(HERE, "u1", "style", calm)
        await store.save_preset(HERE, "u1", "bold", bold)
        assert dict(await store.presets(HERE, "u1")) == {"bold": bold, "style": calm}
        await store.save_preset(HERE, "u1", "style", bold)
        assert (await store.presets(HERE, "u1"))["style"] == bold
        assert await store.delete_preset(HERE, "u1", "style")
        assert not await store.delete_preset(HERE, "u1", "style")
        assert dict(await store.presets(HERE, "u1")) == {"bold": bold}

    async def test_presets_are_each_persons_own(self, store: Store) -> None:
        await store.save_preset(HERE, "u1", "calm", SamplingOverrides(temperature=0))
        assert dict(await store.presets(HERE, "u2")) == {}
        assert dict(await store.presets(ELSEWHERE, "u1")) == {}
        assert not await store.delete_preset(HERE, "u2", "calm")

    async def test_requests_of_shows_open_ended_private_and_withdrawn(self, store: Store) -> None:
        records = [await ended(store), await accepted(store, private=True), await accepted(store, withdrawn=True)]
        await ended(store, requester_id="u2")
        await ended(store, workspace=ELSEWHERE)
        assert await store.requests_of(HERE, "u1") == tuple(records)

    async def test_erase_user_leaves_nothing_of_them_here(self, store: Store) -> None:
        mine = [await ended(store), await accepted(store)]
        await store.save_preset(HERE, "u1", "calm", SamplingOverrides(temperature=0))
        await store.save_workspace(HERE, WorkspaceSettings(), 0, make_entry())
        assert await store.erase_user(HERE, "u1") == 2
        assert await store.requests_of(HERE, "u1") == ()
        assert await store.open_requests() == ()
        for record in mine:
            assert await store.samples(record.id) == ()
        assert dict(await store.presets(HERE, "u1")) == {}
        assert await store.audit(HERE, 10) == (make_entry(actor_id="erased", actor_name="erased"),)
        assert await store.erase_user(HERE, "u1") == 0

    async def test_erase_user_leaves_others_and_elsewhere(self, store: Store) -> None:
        other, elsewhere = await ended(store, requester_id="u2"), await ended(store, workspace=ELSEWHERE)
        entry = make_entry(actor_id="u2", actor_name="Grace")
        for ref, user in ((HERE, "u2"), (ELSEWHERE, "u1")):
            await store.save_preset(ref, user, "calm", SamplingOverrides(temperature=0))
        await store.save_workspace(HERE, WorkspaceSettings(), 0, entry)
        await store.save_workspace(ELSEWHERE, WorkspaceSettings(), 0, make_entry())
        await ended(store)
        assert await store.erase_user(HERE, "u1") == 1
        assert await store.requests_of(HERE, "u2") == (other,)
        assert await store.requests_of(ELSEWHERE, "u1") == (elsewhere,)
        assert await store.audit(HERE, 10) == (entry,)
        assert await store.audit(ELSEWHERE, 10) == (make_entry(),)
        assert await store.presets(HERE, "u2")
        assert await store.presets(ELSEWHERE, "u1")
