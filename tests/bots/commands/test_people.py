from __future__ import annotations

import pytest

from config.errors import InvalidOptions, NotFound
from config.sampling import SamplingOverrides
from config.workspace import WorkspaceRef
from tests.fakes.sentences import check_sentence
from tests.fakes.worlds import ADMIN, ANN, BOB, open_world

BOLD = SamplingOverrides(temperature=1.5)


class TestPresets:
    async def test_are_ones_own_and_of_this_workspace(self) -> None:
        async with open_world() as world:
            await world.core.people.save_preset(world.call(), "bold", BOLD)
            await world.core.rules.save_preset(world.call(ADMIN), "shy", SamplingOverrides(top_k=1))
            mine = await world.core.people.presets(world.call())
            assert (dict(mine.personal), dict(mine.shared)) == ({"bold": BOLD}, {"shy": SamplingOverrides(top_k=1)})
            assert not (await world.core.people.presets(world.call(BOB))).personal
            elsewhere = world.call(workspace=WorkspaceRef("slack", "T1"))
            assert not (await world.core.people.presets(elsewhere)).personal

    async def test_saving_again_replaces(self) -> None:
        async with open_world() as world:
            for overrides in (BOLD, SamplingOverrides(seed=3)):
                await world.core.people.save_preset(world.call(), "x", overrides)
            assert (await world.core.people.presets(world.call())).personal["x"] == SamplingOverrides(seed=3)

    @pytest.mark.parametrize("name", ["", "Bold", "a b", "-a", "x" * 33, "ä", "a\n", "../x", "a\0"])
    async def test_names_are_checked(self, name: str) -> None:
        async with open_world() as world:
            with pytest.raises(InvalidOptions) as caught:
                await world.core.people.save_preset(world.call(), name, BOLD)
            check_sentence(caught.value.sentence)

    async def test_an_empty_one_is_refused(self) -> None:
        async with open_world() as world:
            with pytest.raises(InvalidOptions, match="at least one option"):
                await world.core.people.save_preset(world.call(), "x", SamplingOverrides())

    async def test_are_bounded_but_can_be_replaced_when_full(self) -> None:
        async with open_world() as world:
            for number in range(50):
                await world.core.people.save_preset(world.call(), f"p{number}", BOLD)
            with pytest.raises(InvalidOptions, match="You have 50 presets"):
                await world.core.people.save_preset(world.call(), "one-more", BOLD)
            await world.core.people.save_preset(world.call(), "p1", BOLD)

    async def test_deleting(self) -> None:
        async with open_world() as world:
            await world.core.people.save_preset(world.call(), "bold", BOLD)
            with pytest.raises(NotFound, match='You have no preset "bold"'):
                await world.core.people.delete_preset(world.call(BOB), "bold")
            await world.core.people.delete_preset(world.call(), "bold")
            for name in ("bold", "\ud800", "x" * 1000):
                with pytest.raises(NotFound):
                    await world.core.people.delete_preset(world.call(), name)


class TestForgetMe:
    async def test_shows_everything_of_one_person(self) -> None:
        async with open_world() as world:
            mine = [(await world.completed()).id, (await world.completed(private=True, channel="other")).id]
            await world.completed(who=BOB)
            assert [record.id for record in await world.core.people.my_data(world.call())] == mine

    async def test_erases_everything_of_one_person_the_open_ones_too(self) -> None:
        async with open_world(max_running=2) as world:
            await world.core.people.save_preset(world.call(), "bold", BOLD)
            bobs = await world.completed(who=BOB)
            await world.completed()
            running, run = await world.ask_and_run()
            run.say(" half")
            await running.reply.until_text("half")
            await world.ask()
            waiting = await world.ask()
            assert await world.core.people.forget_me(world.call()) == 4
            assert await world.core.people.my_data(world.call()) == ()
            assert not (await world.core.people.presets(world.call())).personal
            assert (running.reply.final.status, waiting.reply.final.status) == ("stopped", "stopped")
            assert (world.core.jobs.running, world.core.jobs.waiting) == (0, 0)
            assert await world.store.samples(running.id) == ()
            assert (await world.record(bobs.id)).status == "done"

    async def test_of_nobody_known(self) -> None:
        async with open_world() as world:
            assert await world.core.people.forget_me(world.call(ANN)) == 0
