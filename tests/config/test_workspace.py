from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.errors import NotFound
from config.sampling import MAX_LENGTH, MAX_SAMPLES, SamplingOptions, SamplingOverrides
from config.settings import LimitSettings
from config.workspace import (
    Ceilings,
    ChannelSettings,
    WorkspaceRef,
    WorkspaceSettings,
    clamp,
    find_preset,
    resolve,
)

NOTHING = SamplingOverrides()
LIMITS = LimitSettings()

LENGTHS = st.integers(1, MAX_LENGTH)
SAMPLES = st.integers(1, MAX_SAMPLES)
TEMPERATURES = st.one_of(st.just(0.0), st.floats(0, 2))
OPTIONAL = st.none()
OVERRIDES = st.builds(
    SamplingOverrides,
    length=OPTIONAL | LENGTHS,
    samples=OPTIONAL | SAMPLES,
    temperature=OPTIONAL | TEMPERATURES,
    top_k=OPTIONAL | st.integers(0, 1000),
    seed=OPTIONAL | st.integers(0, 2**31 - 1),
    stop=OPTIONAL | st.lists(st.text("abc", min_size=1), max_size=4).map(tuple),
)
OPTIONS = OVERRIDES.map(lambda overrides: overrides.over(SamplingOptions()))
CEILINGS = st.builds(
    Ceilings, length=OPTIONAL | LENGTHS, samples=OPTIONAL | SAMPLES, temperature=OPTIONAL | TEMPERATURES
)
OPERATORS = st.builds(LimitSettings, max_length=LENGTHS, max_samples=SAMPLES)
WORKSPACES = st.builds(
    WorkspaceSettings,
    defaults=OVERRIDES,
    ceilings=CEILINGS,
    channels=st.builds(ChannelSettings, defaults=OVERRIDES).map(lambda channel: {"general": channel}),
)
NUMBERS = ("length", "samples", "temperature")


@given(OPTIONS, CEILINGS, OPERATORS)
def test_clamp_only_lowers_and_tells_each_change(
    asked: SamplingOptions, ceilings: Ceilings, limits: LimitSettings
) -> None:
    options, clamps = clamp(asked, ceilings, limits)
    changed = {name for name in SamplingOptions.model_fields if getattr(options, name) != getattr(asked, name)}
    assert changed == {clamp.name for clamp in clamps} <= set(NUMBERS)
    assert len(changed) == len(clamps)
    for each in clamps:
        assert each.given == getattr(options, each.name) < each.asked == getattr(asked, each.name)
    assert options.length <= min(ceilings.length or MAX_LENGTH, limits.max_length)
    assert options.samples <= min(ceilings.samples or MAX_SAMPLES, limits.max_samples)
    assert ceilings.temperature is None or options.temperature <= ceilings.temperature
    assert not options.greedy or options.samples == 1


@given(OPTIONS, CEILINGS, OPERATORS)
def test_clamp_twice_is_clamp_once(asked: SamplingOptions, ceilings: Ceilings, limits: LimitSettings) -> None:
    options, _ = clamp(asked, ceilings, limits)
    assert clamp(options, ceilings, limits) == (options, ())


@given(OVERRIDES, WORKSPACES, OVERRIDES, OVERRIDES, OPERATORS)
def test_resolving_what_was_resolved_changes_nothing(
    operator: SamplingOverrides,
    workspace: WorkspaceSettings,
    preset: SamplingOverrides,
    command: SamplingOverrides,
    limits: LimitSettings,
) -> None:
    first = resolve(operator, workspace, "general", preset, command, limits)
    again = SamplingOverrides.model_validate(first.options.model_dump())
    second = resolve(operator, workspace, "general", preset, again, limits)
    assert second.options == again.over(second.baseline)
    assert second.clamps == ()
    if first.options.seed is not None:
        assert second.options == first.options


@given(OVERRIDES, WORKSPACES, OPERATORS)
def test_defaults_over_a_ceiling_are_lowered_silently(
    operator: SamplingOverrides, workspace: WorkspaceSettings, limits: LimitSettings
) -> None:
    resolution = resolve(operator, workspace, "general", None, NOTHING, limits)
    assert resolution.clamps == ()
    assert resolution.options == resolution.baseline


@given(OVERRIDES, OVERRIDES, OVERRIDES, OVERRIDES, OVERRIDES)
def test_later_layers_win(
    operator: SamplingOverrides,
    server: SamplingOverrides,
    channel: SamplingOverrides,
    preset: SamplingOverrides,
    command: SamplingOverrides,
) -> None:
    workspace = WorkspaceSettings(defaults=server, channels={"general": ChannelSettings(defaults=channel)})
    limits = LimitSettings(max_length=MAX_LENGTH, max_samples=MAX_SAMPLES)
    options = resolve(operator, workspace, "general", preset, command, limits).options
    layers = (command, preset, channel, server, operator)
    for name in set(SamplingOptions.model_fields) - {"samples"}:
        given_ = (layer.given()[name] for layer in layers if name in layer.given())
        assert getattr(options, name) == next(given_, getattr(SamplingOptions(), name))


def test_another_channel_keeps_the_servers_defaults() -> None:
    workspace = WorkspaceSettings(channels={"general": ChannelSettings(defaults=SamplingOverrides(length=5))})
    assert resolve(NOTHING, workspace, "other", None, NOTHING, LIMITS).options.length == 60


def test_baseline_is_without_the_command() -> None:
    resolution = resolve(
        NOTHING, WorkspaceSettings(), "general", SamplingOverrides(top_k=5), SamplingOverrides(length=9), LIMITS
    )
    assert (resolution.options.length, resolution.options.top_k) == (9, 5)
    assert (resolution.baseline.length, resolution.baseline.top_k) == (60, 40)


@pytest.mark.parametrize(
    ("command", "ceilings", "sentences"),
    [
        ({"length": 500}, {"length": 200}, ["length 500 → 200 (this server's ceiling)"]),
        ({"length": 500}, {}, ["length 500 → 400 (the operator's limit, limits.max_length)"]),
        ({"length": 500}, {"length": 450}, ["length 500 → 400 (the operator's limit, limits.max_length)"]),
        ({"temperature": 1.5}, {"temperature": 1.25}, ["temperature 1.5 → 1.25 (this server's ceiling)"]),
        (
            {"temperature": 0, "samples": 3},
            {},
            ["samples 3 → 1 (temperature 0 gives the same text every time)"],
        ),
        (
            {"temperature": 1, "samples": 3},
            {"temperature": 0},
            [
                "temperature 1 → 0 (this server's ceiling)",
                "samples 3 → 1 (temperature 0 gives the same text every time)",
            ],
        ),
    ],
)
def test_clamps_are_told(command: dict[str, float], ceilings: dict[str, float], sentences: list[str]) -> None:
    rules = WorkspaceSettings(ceilings=Ceilings.model_validate(ceilings))
    asked = SamplingOverrides.model_validate(command)
    resolution = resolve(NOTHING, rules, "general", None, asked, LIMITS)
    assert [clamp.sentence for clamp in resolution.clamps] == sentences


def test_first_collection_with_the_preset_wins() -> None:
    personal, server = {"calm": SamplingOverrides(temperature=0.1)}, {"calm": SamplingOverrides(temperature=0.2)}
    assert find_preset("calm", personal, server).temperature == 0.1
    assert find_preset("calm", {}, server).temperature == 0.2


def test_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(NotFound, match=r'^There is no preset "w\\nild" here\. There are bold, calm\.$'):
        find_preset("w\nild", {"calm": NOTHING}, {"bold": NOTHING})
    with pytest.raises(NotFound, match="There are none yet; an admin can add one"):
        find_preset("wild", {}, {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"presets": {"Bad Name": {}}},
        {"defaults": {"temperature": "nan"}},
        {"ceilings": {"length": 0}},
        {"cooldown_s": -1},
        {"regenerate_emoji": ""},
        {"word_filter": [""]},
        {"unknown": 1},
        {"access": {"allowed_users": [""]}},
    ],
    ids=str,
)
def test_wrong_rules_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WorkspaceSettings.model_validate(wrong)


@given(WORKSPACES)
def test_rules_survive_storage(rules: WorkspaceSettings) -> None:
    assert WorkspaceSettings.model_validate_json(rules.model_dump_json()) == rules


def test_workspace_is_shown_with_its_front() -> None:
    assert str(WorkspaceRef("discord", "42")) == "discord:42"
