from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.commands.access import check_place, check_regenerate, may_see
from bots.commands.invocation import Invocation, Requester
from config.errors import InvalidOptions, NotAllowed, Overloaded
from config.workspace import AccessRules, RegenerateRule, WorkspaceRef, WorkspaceSettings
from tests.fakes.requests import make_request
from tests.fakes.sentences import check_sentence
from tests.fakes.worlds import ADMIN, ANN, BOB, HERE, World, open_world

some = st.lists(st.sampled_from("abc"), max_size=2, unique=True).map(tuple)
rules = st.builds(AccessRules, **dict.fromkeys(AccessRules.model_fields, some))
people = st.builds(
    Requester, st.sampled_from("abc"), st.just("x"), st.frozensets(st.sampled_from("abc")), is_admin=st.booleans()
)


def invocation(who: Requester, channel: str = "a") -> Invocation:
    return Invocation("e", HERE, channel, who)


def allowed(who: Requester, channel: str, rules: AccessRules) -> bool:
    try:
        check_place(invocation(who, channel), rules)
    except NotAllowed as error:
        check_sentence(error.sentence)
        return False
    return True


@given(people, st.sampled_from("abc"), rules)
def test_place_is_allowed_exactly_when_the_rules_say_so(who: Requester, channel: str, rules: AccessRules) -> None:
    denied = (
        who.id in rules.denied_users or channel in rules.denied_channels or bool(who.roles & set(rules.denied_roles))
    )
    open_channel = not rules.allowed_channels or channel in rules.allowed_channels
    nobody_named = not rules.allowed_users and not rules.allowed_roles
    named = who.id in rules.allowed_users or bool(who.roles & set(rules.allowed_roles))
    expected = who.is_admin or (not denied and open_channel and (nobody_named or named))
    assert allowed(who, channel, rules) == expected


@given(people, st.sampled_from("abc"), rules, st.sampled_from(["denied_users", "denied_channels", "denied_roles"]))
def test_denying_more_never_allows_more(who: Requester, channel: str, rules: AccessRules, name: str) -> None:
    stricter = rules.model_copy(update={name: (*getattr(rules, name), "a")})
    assert allowed(who, channel, stricter) <= allowed(who, channel, rules)


@given(people, rules)
def test_admins_can_never_lock_themselves_out(who: Requester, rules: AccessRules) -> None:
    assert allowed(replace(who, is_admin=True), "a", rules)


@pytest.mark.parametrize(
    ("rule", "ann", "bob", "admin"),
    [("anyone", True, True, True), ("requester", True, False, True), ("admins", False, False, True)],
)
def test_regenerate_rule(rule: RegenerateRule, ann: bool, bob: bool, admin: bool) -> None:
    settings = WorkspaceSettings(regenerate_by=rule)
    for who, expected in ((ANN, ann), (BOB, bob), (ADMIN, admin)):
        if expected:
            check_regenerate(invocation(who), make_request(), settings)
        else:
            with pytest.raises(NotAllowed, match=r"^Only (admins|@ann) may do that"):
                check_regenerate(invocation(who), make_request(), settings)


def test_who_may_see() -> None:
    public, private = make_request(), make_request(private=True)
    elsewhere = make_request(workspace=WorkspaceRef("slack", "guild-1"))
    assert [may_see(invocation(who), public) for who in (ANN, BOB, ADMIN)] == [True, True, True]
    assert [may_see(invocation(who), private) for who in (ANN, BOB, ADMIN)] == [True, False, False]
    assert not any(may_see(invocation(who), elsewhere) for who in (ANN, BOB, ADMIN))


async def set_rule(world: World, name: str, value: str) -> None:
    await world.core.rules.set(world.call(ADMIN), name, value)


class TestInFlight:
    async def test_the_cap_is_told(self) -> None:
        async with open_world(max_in_flight=2) as world:
            await world.ask()
            await world.ask()
            with pytest.raises(Overloaded) as caught:
                await world.ask()
            assert caught.value.sentence == "You have 2 requests running; the limit here is 2."
            await world.ask(who=BOB)

    async def test_two_at_once_do_not_both_pass_a_cap_of_one(self) -> None:
        async with open_world(max_in_flight=1) as world:
            results = await asyncio.gather(*(world.ask() for _ in range(8)), return_exceptions=True)
            assert sum(isinstance(each, Overloaded) for each in results) == 7
            assert len(await world.store.open_requests()) == 1

    async def test_every_way_of_asking_counts(self) -> None:
        async with open_world(max_in_flight=1) as world:
            done = await world.completed()
            results = await asyncio.gather(
                world.ask(),
                world.core.story.regenerate(world.call(), done.reply, done.id),
                world.core.story.continue_from(world.call(), done.reply, done.id),
                return_exceptions=True,
            )
            assert sum(isinstance(each, Overloaded) for each in results) == 2

    async def test_the_lower_of_both_limits_holds_and_ended_ones_free_a_place(self) -> None:
        async with open_world(max_in_flight=3) as world:
            await set_rule(world, "max_in_flight", "1")
            _, run = await world.ask_and_run()
            with pytest.raises(Overloaded, match="You have 1 request running; the limit here is 1"):
                await world.ask()
            run.complete("x")
            await world.core.jobs.wait(run.request.request_id)
            await world.ask()
            await set_rule(world, "max_in_flight", "9")
            await world.ask(who=BOB)

    async def test_one_persons_slow_platform_holds_up_nobody(self) -> None:
        async with open_world(patience_s=60) as world:
            first = world.ask()
            asking = asyncio.create_task(first)
            async with asyncio.timeout(5):
                await world.ask()
            await asking


class TestCooldown:
    async def test_is_per_person_and_spares_admins(self) -> None:
        async with open_world() as world:
            await set_rule(world, "cooldown_s", "30")
            await world.ask()
            world.clock.pass_(seconds=10.5)
            with pytest.raises(Overloaded) as caught:
                await world.ask()
            assert caught.value.sentence == "One request every 30 s here; try again in 20 s."
            assert caught.value.retry_after_s == pytest.approx(19.5)
            await world.ask(who=BOB)
            await world.ask(who=ADMIN)
            await world.ask(who=ADMIN)
            world.clock.pass_(seconds=19.5)
            await world.ask()

    async def test_never_says_zero_seconds(self) -> None:
        async with open_world() as world:
            await set_rule(world, "cooldown_s", "1")
            await world.ask()
            world.clock.pass_(seconds=0.9)
            with pytest.raises(Overloaded, match="try again in 1 s"):
                await world.ask()

    async def test_a_clock_set_back_does_not_lock_anybody_out(self) -> None:
        async with open_world() as world:
            await set_rule(world, "cooldown_s", "5")
            await world.ask()
            world.clock.pass_(days=-1)
            with pytest.raises(Overloaded) as caught:
                await world.ask()
            assert caught.value.retry_after_s == 5.0


async def test_rules_hold_for_every_way_of_asking() -> None:
    async with open_world() as world:
        done = await world.completed()
        await world.core.rules.judge(world.call(ADMIN), "user", ANN.id, "deny")
        story, call = world.core.story, world.call()
        for asking in (
            lambda: world.ask(),
            lambda: story.regenerate(call, done.reply, done.id),
            lambda: story.continue_from(call, done.reply, done.id),
            lambda: story.edit(call, done.reply, done.id, "x"),
        ):
            with pytest.raises(NotAllowed, match="turned Inkling off for you"):
                await asking()
        await world.core.rules.judge(world.call(ADMIN), "user", ANN.id, "clear")
        await world.ask()


@pytest.mark.parametrize("prompt", ["", " \n", "\0", "a\ud800", "x" * 101])
async def test_unusable_prompts_are_refused_before_anything_is_kept(prompt: str) -> None:
    async with open_world(max_prompt_characters=100) as world:
        with pytest.raises(InvalidOptions) as caught:
            await world.ask(prompt)
        check_sentence(caught.value.sentence)
        assert await world.store.open_requests() == ()
