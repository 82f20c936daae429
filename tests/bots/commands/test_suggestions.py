from __future__ import annotations

from bots.commands.suggestions import matching
from config.sampling import SamplingOverrides
from tests.fakes.gated_backend import MODEL
from tests.fakes.worlds import ADMIN, BOB, open_world


def test_what_begins_so_comes_first_and_no_more_than_platforms_take() -> None:
    assert matching(("max_length", "length", "top_k"), " Len") == ("length", "max_length")
    assert len(matching((f"m{number}" for number in range(99)), "")) == 25


async def test_names_models_of_the_places_backend() -> None:
    async with open_world() as world:
        assert await world.core.suggestions.models(world.call(), "") == (MODEL,)
        await world.core.rules.set(world.call(ADMIN), "backend", "other")
        assert await world.core.suggestions.models(world.call(), "zzz") == ()


async def test_a_backend_that_fails_offers_none() -> None:
    async with open_world() as world:
        world.backend.models_error = OSError("refused")
        assert await world.core.suggestions.models(world.call(), "") == ()


async def test_names_presets_one_can_use() -> None:
    async with open_world() as world:
        await world.core.people.save_preset(world.call(), "poem", SamplingOverrides(top_k=1))
        await world.core.rules.save_preset(world.call(ADMIN), "prose", SamplingOverrides(top_k=2))
        suggestions = world.core.suggestions
        assert await suggestions.presets(world.call(), "p") == ("poem", "prose")
        assert await suggestions.presets(world.call(BOB), "p") == ("prose",)
        assert await suggestions.own_presets(world.call(), "") == ("poem",)


async def test_names_settings() -> None:
    async with open_world() as world:
        assert world.core.suggestions.settings("cooldown") == ("cooldown_s",)
        assert world.core.suggestions.channel_settings("cooldown") == ()
