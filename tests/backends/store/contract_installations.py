"""What every store does with the workspaces a front is installed in; part of `contract`."""

from __future__ import annotations

from datetime import timedelta

from backends.store.protocol import Store
from backends.store.records import PostRecord, Usage
from config.sampling import SamplingOverrides
from config.workspace import WorkspaceSettings
from tests.backends.store.contract_requests import accepted, ended
from tests.fakes.records import ELSEWHERE, HERE, NOW, make_entry


class InstallationContract:
    async def test_keeps_the_latest_installation_of_each_workspace(self, store: Store) -> None:
        assert await store.installation(HERE) is None
        for ref, installation in ((HERE, "old"), (ELSEWHERE, "theirs"), (HERE, "new")):
            await store.save_installation(ref, installation)
        assert await store.installation(HERE) == "new"
        await store.delete_installation(HERE)
        assert await store.installation(HERE) is None
        assert await store.installation(ELSEWHERE) == "theirs"

    async def test_an_install_state_holds_once(self, store: Store) -> None:
        await store.save_install_state("word", NOW + timedelta(minutes=10))
        assert not await store.take_install_state("another", NOW)
        assert await store.take_install_state("word", NOW)
        assert not await store.take_install_state("word", NOW)

    async def test_an_install_state_expires(self, store: Store) -> None:
        await store.save_install_state("word", NOW + timedelta(minutes=10))
        assert not await store.take_install_state("word", NOW + timedelta(minutes=10))

    async def test_erasing_a_workspace_leaves_nothing_of_it(self, store: Store) -> None:
        done, still_open = await ended(store), await accepted(store)
        await store.save_post(PostRecord(done.id, "general/9"))
        await store.save_workspace(HERE, WorkspaceSettings(cooldown_s=5), 0, make_entry())
        await store.save_preset(HERE, "u1", "poem", SamplingOverrides(top_k=0))
        await store.save_installation(HERE, "token")
        assert await store.erase_workspace(HERE) == 2
        assert [await store.request(each.id) for each in (done, still_open)] == [None, None]
        assert await store.samples(done.id) == ()
        assert await store.post_at(HERE, "general/9") is None
        assert (await store.workspace(HERE)).version == 0
        assert await store.audit(HERE, 10) == ()
        assert await store.presets(HERE, "u1") == {}
        assert await store.usage(HERE, NOW) == Usage()
        assert await store.installation(HERE) is None
        assert await store.erase_workspace(HERE) == 0

    async def test_erasing_a_workspace_leaves_the_others_alone(self, store: Store) -> None:
        theirs = await ended(store, workspace=ELSEWHERE)
        await store.save_installation(ELSEWHERE, "token")
        await store.save_workspace(ELSEWHERE, WorkspaceSettings(cooldown_s=5), 0, make_entry())
        await ended(store)
        await store.erase_workspace(HERE)
        assert await store.request(theirs.id) is not None
        assert await store.installation(ELSEWHERE) == "token"
        assert (await store.workspace(ELSEWHERE)).settings.cooldown_s == 5
