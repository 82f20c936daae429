from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from backends.store.protocol import SettingsChanged, Store
from backends.store.records import AuditEntry
from bots.commands.setting_names import CHANNEL_SETTING_NAMES, SETTING_NAMES, find_setting, read_value
from bots.commands.settings import MAX_IMPORT_CHARACTERS, SettingsCommands, setting_rows
from config.errors import InklingError, InvalidOptions, NotAllowed, NotFound
from config.sampling import SamplingOverrides
from config.workspace import WorkspaceRef, WorkspaceSettings
from tests.fakes.sentences import check_sentence
from tests.fakes.worlds import ADMIN, ANN, HERE, World, open_world

BOLD = SamplingOverrides(temperature=1.5)


async def refusal(call: Awaitable[object]) -> str:
    with pytest.raises(InklingError) as caught:
        await call
    check_sentence(caught.value.sentence)
    return caught.value.sentence


async def rules_now(world: World) -> WorkspaceSettings:
    return (await world.store.workspace(HERE)).settings


class TestSet:
    @pytest.mark.parametrize(
        ("name", "value", "path", "expected"),
        [
            ("temperature", "0.5", ("defaults", "temperature"), 0.5),
            ("top-n", "7", ("defaults", "top_k"), 7),
            ("stop", "END", ("defaults", "stop"), ["END"]),
            ("stop", r"\n\n", ("defaults", "stop"), ["\n\n"]),
            ("max_length", "100", ("ceilings", "length"), 100),
            ("MAX-SAMPLES", " 2 ", ("ceilings", "samples"), 2),
            ("backend", "other", ("backend",), "other"),
            ("model", "gpt2", ("model",), "gpt2"),
            ("regenerate_by", "admins", ("regenerate_by",), "admins"),
            ("regenerate_emoji", "🎲", ("regenerate_emoji",), "🎲"),
            ("cooldown_s", "2.5", ("cooldown_s",), 2.5),
            ("max_in_flight", "2", ("max_in_flight",), 2),
            ("retention_days", "30", ("retention_days",), 30),
            ("word_filter", "cat, dog* ,", ("word_filter",), ["cat", "dog*"]),
        ],
    )
    async def test_sets_and_unsets(self, name: str, value: str, path: tuple[str, ...], expected: object) -> None:
        async with open_world() as world:
            await world.core.rules.set(world.call(ADMIN), name, value)
            node: Any = (await rules_now(world)).model_dump(mode="json")
            for key in path:
                node = node[key]
            assert node == expected
            await world.core.rules.set(world.call(ADMIN), name, "none")
            assert await rules_now(world) == WorkspaceSettings()

    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("temperature", "3", "temperature must be between 0 and 2; you gave 3."),
            ("temperature", "1,5", 'temperature: "1,5" is not a number here; write 1.5.'),
            ("temprature", "1", 'There is no setting "temprature" here. Did you mean temperature?'),
            ("max_lenght", "1", 'There is no setting "max_lenght" here. Did you mean max_length?'),
            ("max_length", "0", "ceilings.length must be at least 1; found '0'."),
            ("max_length", "many", "ceilings.length must be a whole number; found 'many'."),
            ("cooldown_s", "-1", "cooldown_s must be at least 0; found '-1'."),
            ("cooldown_s", "nan", None),
            ("cooldown_s", "1e400", None),
            ("max_in_flight", "2.5", None),
            ("retention_days", "99999", None),
            ("regenerate_by", "me", None),
            ("regenerate_emoji", "x" * 65, None),
            ("word_filter", "x" * 201, None),
            ("word_filter", ",".join(f"w{n}" for n in range(501)), None),
            ("backend", "aws", 'There is no backend "aws"; the backends are gated, other.'),
            ("model", "a\ud800", None),
            ("model", "a\0", None),
            ("max_in_flight", "9" * 5000, None),
        ],
    )
    async def test_refuses_in_one_sentence_and_keeps_what_was(self, name: str, value: str, sentence: str) -> None:
        async with open_world() as world:
            await world.core.rules.set(world.call(ADMIN), "top_k", "5")
            said = await refusal(world.core.rules.set(world.call(ADMIN), name, value))
            assert sentence in (None, said)
            assert (await world.store.workspace(HERE)).version == 1

    async def test_every_setting_can_be_found_and_shown(self) -> None:
        async with open_world() as world:
            await world.core.rules.set(world.call(ADMIN), "length", "100")
            rows = {row.name: row for row in setting_rows(await world.core.rules.show(world.call(ADMIN)))}
            assert set(rows) == {each.name for each in SETTING_NAMES}
            assert rows["length"].value == 100
            assert rows["top_k"].value is None
            assert all(row.help for row in rows.values())


async def test_reset_of_one_and_of_all() -> None:
    async with open_world() as world:
        rules, admin = world.core.rules, world.call(ADMIN)
        await rules.set(admin, "top_k", "5")
        await rules.set(admin, "length", "50")
        await rules.reset(admin, "top-k")
        assert (await rules_now(world)).defaults == SamplingOverrides(length=50)
        await rules.reset(admin)
        assert await rules_now(world) == WorkspaceSettings()
        assert "Did you mean" in await refusal(rules.reset(admin, "lenght"))


class TestChannel:
    async def test_differs_and_goes_back(self) -> None:
        async with open_world() as world:
            rules, admin = world.core.rules, world.call(ADMIN)
            await rules.set_channel(admin, "lab", "temperature", "1.5")
            await rules.set_channel(admin, "lab", "backend", "other")
            await rules.set_channel(admin, "den", "model", "gpt2")
            lab = (await rules_now(world)).channel("lab")
            assert (lab.defaults, lab.backend) == (BOLD, "other")
            await rules.reset_channel(admin, "lab", "backend")
            assert (await rules_now(world)).channel("lab").backend is None
            await rules.reset_channel(admin, "lab")
            await rules.reset_channel(admin, "never set")
            assert set((await rules_now(world)).channels) == {"den"}
            await rules.set_channel(admin, "den", "model", "none")
            assert (await rules_now(world)).channels == {}

    async def test_refuses(self) -> None:
        async with open_world() as world:
            rules, admin = world.core.rules, world.call(ADMIN)
            assert "max_length" in await refusal(rules.set_channel(admin, "lab", "max_length", "5"))
            await refusal(rules.set_channel(admin, "", "top_k", "5"))
            await refusal(rules.set_channel(admin, "x" * 65, "top_k", "5"))
            await refusal(rules.set_channel(admin, "lab", "backend", "aws"))
            await refusal(rules.reset_channel(admin, "\ud800"))
            await refusal(rules.judge(admin, "user", "\0", "clear"))
            assert (await world.store.workspace(HERE)).version == 0

    def test_names(self) -> None:
        assert {each.name for each in CHANNEL_SETTING_NAMES} < {each.name for each in SETTING_NAMES}


async def test_judging() -> None:
    async with open_world() as world:
        rules, admin = world.core.rules, world.call(ADMIN)
        await rules.judge(admin, "user", "u1", "deny")
        await rules.judge(admin, "user", "u1", "deny")
        await rules.judge(admin, "role", "r1", "allow")
        await rules.judge(admin, "channel", "c1", "allow")
        access = (await rules_now(world)).access
        assert (access.denied_users, access.allowed_roles, access.allowed_channels) == (("u1",), ("r1",), ("c1",))
        await rules.judge(admin, "user", "u1", "allow")
        access = (await rules_now(world)).access
        assert (access.denied_users, access.allowed_users) == ((), ("u1",))
        for subject, its_id in (("user", "u1"), ("role", "r1"), ("channel", "c1")):
            await rules.judge(admin, subject, its_id, "clear")  # type: ignore[arg-type]
        assert await rules_now(world) == WorkspaceSettings()
        await refusal(rules.judge(admin, "user", "", "deny"))
        await refusal(rules.judge(admin, "user", "x" * 65, "deny"))


async def test_shared_presets() -> None:
    async with open_world() as world:
        rules, admin = world.core.rules, world.call(ADMIN)
        await rules.save_preset(admin, "bold", BOLD)
        assert (await rules_now(world)).presets == {"bold": BOLD}
        await refusal(rules.save_preset(admin, "Bad Name", BOLD))
        await refusal(rules.save_preset(admin, "empty", SamplingOverrides()))
        await rules.delete_preset(admin, "bold")
        with pytest.raises(NotFound):
            await rules.delete_preset(admin, "bold")
        assert await rules_now(world) == WorkspaceSettings()


async def test_only_admins() -> None:
    async with open_world() as world:
        rules, ann = world.core.rules, world.call(ANN)
        calls: tuple[Callable[[], Awaitable[object]], ...] = (
            lambda: rules.show(ann),
            lambda: rules.set(ann, "no such setting", "x"),
            lambda: rules.reset(ann, "no such setting"),
            lambda: rules.reset(ann),
            lambda: rules.set_channel(ann, "lab", "nothing", "x"),
            lambda: rules.reset_channel(ann, "lab", "nothing"),
            lambda: rules.judge(ann, "user", "u1", "deny"),
            lambda: rules.save_preset(ann, "Bad Name", BOLD),
            lambda: rules.delete_preset(ann, "nothing"),
            lambda: rules.export(ann),
            lambda: rules.import_(ann, "nonsense"),
            lambda: rules.audit(ann),
        )
        for call in calls:
            with pytest.raises(NotAllowed):
                await call()
        assert (await world.store.workspace(HERE)).version == 0


async def test_audit_says_who_did_what() -> None:
    async with open_world() as world:
        rules, admin = world.core.rules, world.call(ADMIN)
        await rules.set(admin, "top_k", "5")
        await rules.set(admin, "word_filter", "secret, words")
        world.clock.pass_(hours=1)
        await rules.set_channel(admin, "lab", "temperature", "1.50")
        await rules.reset_channel(admin, "lab")
        await rules.judge(admin, "role", "r1", "allow")
        await rules.reset(admin)
        entries = await rules.audit(admin)
        assert [entry.action for entry in entries] == [
            "reset everything",
            "allow role r1",
            "reset everything in channel lab",
            "set temperature 1.5 in channel lab",
            "set word_filter (2 entries)",
            "set top_k 5",
        ]
        assert {entry.actor_name for entry in entries} == {"root"}
        assert (entries[0].at - entries[-1].at).total_seconds() == 3600
        assert len(await rules.audit(admin, 2)) == 2


class TestAtTheSameTime:
    async def test_all_changes_are_kept(self) -> None:
        async with open_world() as world:
            names = (
                "top_k",
                "length",
                "seed",
                "samples",
                "max_length",
                "cooldown_s",
                "retention_days",
                "max_in_flight",
            )
            rules = world.core.rules
            await asyncio.gather(*(rules.set(world.call(ADMIN), name, "3") for name in names))
            shown = {row.name: row.value for row in setting_rows(await rules_now(world))}
            assert [shown[name] for name in names] == [3] * len(names)
            assert (await world.store.workspace(HERE)).version == len(names)

    async def test_those_of_another_process_too(self) -> None:
        async with open_world() as world:
            meddling = _Meddling(world.store, times=4)
            rules = SettingsCommands(meddling, world.core.backends, world.clock)  # type: ignore[arg-type]
            await rules.set(world.call(ADMIN), "top_k", "5")
            now = await rules_now(world)
            assert (now.defaults.top_k, now.cooldown_s) == (5, 1.0)

    async def test_not_for_ever(self) -> None:
        async with open_world() as world:
            meddling = _Meddling(world.store, times=100)
            rules = SettingsCommands(meddling, world.core.backends, world.clock)  # type: ignore[arg-type]
            with pytest.raises(SettingsChanged) as caught:
                await rules.set(world.call(ADMIN), "top_k", "5")
            check_sentence(caught.value.sentence)


class _Meddling:
    """Somebody else saves between each of our reads and writes."""

    def __init__(self, store: Store, times: int) -> None:
        self._store = store
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def save_workspace(
        self, ref: WorkspaceRef, settings: WorkspaceSettings, expected_version: int, entry: AuditEntry
    ) -> int:
        if self._times:
            self._times -= 1
            theirs = (await self._store.workspace(ref)).settings.model_copy(update={"cooldown_s": 1.0})
            await self._store.save_workspace(ref, theirs, expected_version, entry)
        return await self._store.save_workspace(ref, settings, expected_version, entry)


class TestImport:
    async def test_takes_what_export_gave(self) -> None:
        async with open_world() as world:
            rules, admin = world.core.rules, world.call(ADMIN)
            await rules.set(admin, "stop", "\n")
            await rules.set(admin, "word_filter", "ä, b*")
            await rules.set_channel(admin, "lab", "temperature", "1.5")
            await rules.judge(admin, "user", "u1", "deny")
            await rules.save_preset(admin, "bold", BOLD)
            before, exported = await rules_now(world), await rules.export(admin)
            await rules.reset(admin)
            assert await rules.import_(admin, exported) == before
            assert await rules_now(world) == before
            assert (await rules.audit(admin, 1))[0].action == "imported settings"

    async def test_replaces_everything(self) -> None:
        async with open_world() as world:
            await world.core.rules.set(world.call(ADMIN), "top_k", "5")
            await world.core.rules.import_(world.call(ADMIN), "{}")
            assert await rules_now(world) == WorkspaceSettings()

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "nonsense",
            "[]",
            "null",
            '"x"',
            "[" * 100_000,
            '{"a":' * 900 + "1" + "}" * 900,
            '{"channels":' * 900 + "1" + "}" * 900,
            '{"model": "' + "x" * MAX_IMPORT_CHARACTERS + '"}',
            '{"zzz": 1}',
            '{"\\ud800": 1}',
            '{"model": "\\ud800"}',
            '{"model": "\\u0000"}',
            '{"model": 5}',
            '{"backend": "aws"}',
            '{"channels": {"lab": {"backend": "aws"}}}',
            '{"backend": ["gated"]}',
            '{"cooldown_s": NaN}',
            '{"cooldown_s": 1e999}',
            '{"cooldown_s": -Infinity}',
            '{"max_in_flight": ' + "9" * 5000 + "}",
            '{"max_in_flight": ' + "9" * 4000 + "}",
            '{"presets": {"Bad Name": {}}}',
            '{"presets": []}',
            '{"channels": {"' + "x" * 100 + '": {}}}',
            '{"channels": {"\\ud800": {}}}',
            '{"defaults": {"temperature": 9}}',
            '{"defaults": {"temperature": true}}',
            '{"defaults": {"stop": ["", 1]}}',
            '{"defaults": {"stop": ["\\ud800"]}}',
            '{"defaults": {"nothing": 1}}',
            '{"defaults": null}',
            '{"ceilings": []}',
            '{"word_filter": "abc"}',
            '{"word_filter": [""]}',
            '{"word_filter": ["\\ud800"]}',
            '{"access": {"denied_users": [{}]}}',
            '{"access": {"denied_users": ["\\u0000"]}}',
            '{"regenerate_by": "{x}"}',
            json.dumps({"presets": {f"p{n}": {"top_k": 1} for n in range(101)}}),
            json.dumps({"channels": {f"c{n}": {"model": "x"} for n in range(501)}}),
        ],
        ids=lambda text: text[:24].encode("ascii", "replace").decode(),
    )
    async def test_refuses_what_is_hostile_in_one_sentence(self, text: str) -> None:
        async with open_world() as world:
            await refusal(world.core.rules.import_(world.call(ADMIN), text))
            assert (await world.store.workspace(HERE)).version == 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(WorkspaceSettings.model_fields)) | st.text(max_size=5), json_values))
@hypothesis_settings(suppress_health_check=[HealthCheck.too_slow])
async def test_any_json_is_taken_or_refused(tree: dict[str, Any]) -> None:
    async with open_world() as world:
        try:
            await world.core.rules.import_(world.call(ADMIN), json.dumps(tree))
        except InklingError as error:
            check_sentence(error.sentence)
        else:
            await world.core.rules.import_(world.call(ADMIN), await world.core.rules.export(world.call(ADMIN)))


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_name_and_value_are_read_or_refused(name: str, value: str) -> None:
    for wanted in (name, "stop", "length", "word_filter", "model"):
        try:
            read_value(find_setting(wanted), value)
        except InvalidOptions as error:
            check_sentence(error.sentence)


async def test_workspaces_are_isolated() -> None:
    async with open_world() as world:
        await world.core.rules.set(world.call(ADMIN), "top_k", "5")
        elsewhere = world.call(ADMIN, workspace=WorkspaceRef("slack", "guild-1"))
        assert await world.core.rules.show(elsewhere) == WorkspaceSettings()
