from __future__ import annotations

import asyncio

import pytest

from backends.explanation import Explanation
from backends.factory import Backends
from backends.protocol import BackendHealth, BackendState, CompletionRequest
from bots.commands.insight import InsightCommands
from bots.commands.story import Completion
from config.errors import InvalidOptions, NotAllowed, NotFound, Overloaded, PromptTooLong
from config.sampling import SamplingOverrides
from tests.fakes.explaining_backend import TEXT, ExplainingBackend, SlowBackend
from tests.fakes.worlds import ADMIN, BOB, World, open_world, stored


async def ended(world: World, **more: object) -> str:
    asked = await world.ask(**more)
    await world.core.jobs.wait(asked.id)
    return asked.id


async def test_a_result_is_explained_as_it_was_asked_for() -> None:
    backend = ExplainingBackend()
    async with open_world(backend=backend) as world:
        its_id = await ended(world, top_k=7, samples=2, seed=5)
        insight = await world.core.insight.why(world.call(BOB), its_id, 1)
        ((request, text),) = backend.asked
        assert (request.prompt, text) == ("Once upon a time", TEXT)
        assert (request.options.top_k, request.options.seed, request.model) == (7, 5, "gated-1")
        assert insight.chosen == b" there"
        assert b"".join(each.token for each in insight.written) == TEXT.encode()


async def test_after_a_restart_too() -> None:
    async with stored() as store:
        async with open_world(store, backend=ExplainingBackend()) as world:
            its_id = await ended(world)
        async with open_world(store, backend=ExplainingBackend()) as world:
            view = await world.core.results.show(world.call(), its_id)
            assert "why" in view.actions
            assert (await world.core.insight.why(world.call(), its_id)).candidates


async def test_the_button_is_there_where_the_backend_can_and_the_text_is_written() -> None:
    backend = ExplainingBackend()
    async with open_world(backend=backend) as world:
        asked = await world.ask()
        await world.core.jobs.wait(asked.id)
        assert "why" in asked.reply.final.actions
        backend.explains = False
        assert "why" not in (await world.core.results.show(world.call(), asked.id)).actions
        with pytest.raises(InvalidOptions, match="gated doesn't tell how likely its tokens are"):
            await world.core.insight.why(world.call(), asked.id)


async def test_what_cannot_be_explained() -> None:
    async with open_world(backend=ExplainingBackend()) as world:
        its_id = await ended(world)
        private = await ended(world, private=True)
        with pytest.raises(InvalidOptions, match="sample must be between 1 and 1; you gave 3"):
            await world.core.insight.why(world.call(), its_id, 2)
        with pytest.raises(NotFound):
            await world.core.insight.why(world.call(BOB), private)


async def test_one_that_is_still_written_is_not_explained() -> None:
    async with open_world(backend=ExplainingBackend(text=None)) as world:
        asked, run = await world.ask_and_run()
        with pytest.raises(InvalidOptions, match="still being written"):
            await world.core.insight.why(world.call(), asked.id)
        run.complete(" done")


async def test_a_prompt_is_explained_by_the_places_options() -> None:
    backend = ExplainingBackend()
    async with open_world(backend=backend) as world:
        await world.core.rules.set(world.call(ADMIN), "max_length", "20")
        given = Completion("Once", SamplingOverrides(temperature=0.3, length=50, samples=4))
        insight = await world.core.insight.explain(world.call(), given)
        ((request, text),) = backend.asked
        assert text is None
        assert (request.options.temperature, request.options.length, request.options.samples) == (0.3, 20, 1)
        assert insight.notes[0].startswith("length 50 → 20")
        assert insight.notes[1] == "samples 4 → 1 (the first is explained; the next ones have the next seeds)"
        assert insight.notes[-1] == f"Seed {insight.options.seed}."
        assert await world.store.recent(world.call().workspace, "general", 10) == ()


async def test_only_who_asked_for_several_samples_is_told_that_one_is_explained() -> None:
    async with open_world(backend=ExplainingBackend()) as world:
        await world.core.rules.set(world.call(ADMIN), "samples", "3")
        greedy = SamplingOverrides(samples=2, temperature=0)
        for overrides, told in ((SamplingOverrides(), 0), (SamplingOverrides(samples=2), 1), (greedy, 1)):
            insight = await world.core.insight.explain(world.call(), Completion("Once", overrides))
            assert insight.options.samples == 1
            assert len(insight.notes[:-1]) == told


async def test_unwanted_words_are_neither_asked_for_nor_shown() -> None:
    backend = ExplainingBackend()
    async with open_world(backend=backend) as world:
        await world.core.rules.set(world.call(ADMIN), "word_filter", "lamp, the")
        with pytest.raises(InvalidOptions, match="a word that this server doesn't allow"):
            await world.core.insight.explain(world.call(), Completion("A lamp"))
        insight = await world.core.insight.explain(world.call(), Completion("Once"))
        assert [text for _, text in backend.asked] == [None, " there was a ▇▇▇▇"]
        assert [each.token for each in insight.candidates][:2] == [b" there", " ▇▇▇".encode()]


async def test_an_unwanted_word_is_no_choice() -> None:
    async with open_world(backend=ExplainingBackend()) as world:
        its_id = await ended(world)
        await world.core.rules.set(world.call(ADMIN), "word_filter", "map")
        insight = await world.core.insight.why(world.call(), its_id)
        assert [each.text for each in insight.taken[0].candidates] == [" dragon", "\n", " sea", " fox"]


class CuttingBackend(ExplainingBackend):
    async def explain(self, request: CompletionRequest, text: str | None) -> Explanation:
        if request.keep_last_tokens is None:
            raise PromptTooLong("gated-1", 99, request.options.length, 64)
        return await super().explain(request, text)


async def test_an_over_long_prompt_is_cut_as_it_was_for_the_result() -> None:
    backend = CuttingBackend()
    async with open_world(backend=backend) as world:
        await world.core.insight.explain(world.call(), Completion("Once", SamplingOverrides(length=10)))
        assert backend.asked[0][0].keep_last_tokens == 54
        with pytest.raises(PromptTooLong):
            await world.core.insight.explain(world.call(), Completion("Once", cut=False))


async def test_one_at_a_time_for_each_person() -> None:
    backend = SlowBackend()
    async with open_world(backend=backend) as world:
        first = asyncio.create_task(world.core.insight.explain(world.call(), Completion("Once")))
        await asyncio.sleep(0.05)
        with pytest.raises(Overloaded, match="still working out your last"):
            await world.core.insight.explain(world.call(), Completion("Twice"))
        backend.go_on.set()
        await first
        await world.core.insight.explain(world.call(), Completion("Twice"))


class Waiter:
    """Who is told why it takes long."""

    def __init__(self, error: Exception | None = None) -> None:
        self.told: list[str] = []
        self.heard = asyncio.Event()
        self._error = error

    async def tell(self, sentence: str) -> None:
        self.told.append(sentence)
        self.heard.set()
        if self._error is not None:
            raise self._error


def quick_to_tell(world: World) -> InsightCommands:
    backends = Backends({"gated": world.backend}, "gated")
    return InsightCommands(world.settings, world.store, backends, world.clock, notice_after_s=0.01)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("ready", "Reading 1,000 characters …"),
        ("starting", "Waking the model."),
    ],
)
async def test_who_waits_long_is_told_why(state: BackendState, sentence: str) -> None:
    backend = SlowBackend()
    backend.state = BackendHealth(state, "As the test wants it.")
    async with open_world(backend=backend) as world:
        waiter = Waiter(RuntimeError("nobody hears it"))
        asked = quick_to_tell(world).explain(world.call(), Completion("x" * 1000), waiter.tell)
        explaining = asyncio.create_task(asked)
        await asyncio.wait_for(waiter.heard.wait(), 20)
        backend.go_on.set()
        assert (await explaining).candidates
        assert waiter.told == [sentence]


async def test_the_whole_text_of_a_result_is_counted() -> None:
    backend = SlowBackend()
    async with open_world(backend=backend) as world:
        its_id, waiter = await ended(world), Waiter()
        asked = quick_to_tell(world).why(world.call(), its_id, 0, waiter.tell)
        explaining = asyncio.create_task(asked)
        await asyncio.wait_for(waiter.heard.wait(), 20)
        backend.go_on.set()
        await explaining
        assert waiter.told[0].startswith(f"Reading {len('Once upon a time' + TEXT)} characters")


async def test_nobody_is_told_once_the_answer_is_there() -> None:
    async with open_world(backend=ExplainingBackend()) as world:
        waiter = Waiter()
        insight = InsightCommands(
            world.settings, world.store, Backends({"gated": world.backend}, "gated"), world.clock, notice_after_s=60
        )
        await insight.explain(world.call(), Completion("Once"), waiter.tell)
        assert not [each for each in asyncio.all_tasks() if each.get_name() == "notice"]
        assert waiter.told == []


async def test_where_the_rules_keep_somebody_out() -> None:
    async with open_world(backend=ExplainingBackend()) as world:
        its_id = await ended(world)
        await world.core.typed.run(world.call(ADMIN), "config", f"user deny {BOB.id}")
        for asked in (
            world.core.insight.why(world.call(BOB), its_id),
            world.core.insight.explain(world.call(BOB), Completion("Once")),
        ):
            with pytest.raises(NotAllowed):
                await asked


async def test_typed_it_is_a_few_lines() -> None:
    async with open_world(backend=ExplainingBackend()) as world:
        lines = await world.core.typed.run(world.call(), "explain", "top_k=2 Once upon")
        assert lines[0].startswith("What could come after")
        assert "31.0 % → 40.0 % → 60.0 % ← written" in lines[2]
        assert "cut off" in lines[4]
