"""The exact words of a result."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backends.protocol import Progress
from backends.store.records import Parent, RequestRecord, SampleRecord
from bots.presenter import heading, present, quoted, shown, waiting_notice
from config.sampling import OptionValue, SamplingOptions
from tests.fakes.records import NOW, make_finished_sample, make_request, make_sample


def make_ended(**changes: Any) -> RequestRecord:
    """Done in 0.9 s."""
    ended: dict[str, Any] = {
        "status": "done",
        "model": "smollm2-135m",
        "options": SamplingOptions(seed=48213),
        "started_at": NOW,
        "finished_at": NOW + timedelta(seconds=0.9),
    }
    return make_request(**{**ended, **changes})


def footers(record: RequestRecord, *samples: SampleRecord) -> list[str]:
    return [sample.footer for sample in present(record, samples).samples]


def footer(record: RequestRecord, **sample: Any) -> str:
    (only,) = footers(record, make_finished_sample(record, **{"completion_tokens": 60, **sample}))
    return only


class TestHeading:
    def test_says_what_shapes_it_and_for_whom(self) -> None:
        record = make_request(options=SamplingOptions(samples=3, seed=1), requester_name="member")
        told = "3 samples · temperature 0.8 · top_p 0.95 · top_k 40 · length 60 · for @member"
        assert heading(record) == told
        assert present(record, ()).heading == told

    def test_one_sample_is_not_counted(self) -> None:
        assert heading(make_request()).startswith("temperature 0.8 · top_p 0.95")

    def test_adds_what_differs_from_the_places_defaults(self) -> None:
        options = SamplingOptions(min_p=0.05, stop=("\n\n", "The end"), seed=1)
        assert heading(make_request(options=options)) == (
            "temperature 0.8 · top_p 0.95 · top_k 40 · length 60 · min_p 0.05 · "
            r'stop "\n\n", "The end" · for @Ada'
        )

    def test_what_the_place_sets_by_default_is_not_told(self) -> None:
        same = SamplingOptions(min_p=0.05, seed=1)
        assert "min_p" not in heading(make_request(options=same, baseline=same))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.8, "0.8"),
        (0.0, "0"),
        (1.0, "1"),
        (0.1 + 0.2, "0.3"),
        (-1.5, "-1.5"),
        (8192, "8192"),
        ((), "none"),
        (("\n", 'say "so"'), r'"\n", "say "so""'),
        (None, "None"),
    ],
)
def test_values_as_people_write_them(value: OptionValue, told: str) -> None:
    assert shown(value) == told


def test_quotes_show_what_is_invisible() -> None:
    assert quoted("a\nb\r\tc\\n") == r'"a\nb\r\tc\\n"'
    assert quoted("a\u202e") == r'"a\u{202E}"'


class TestWaiting:
    @pytest.mark.parametrize(
        ("progress", "told"),
        [
            (None, "Writing …"),
            (Progress("running"), "Writing …"),
            (Progress("queued", 2, 20.4), "Queued, 2 ahead of you, about 20 s."),
            (Progress("queued", 1), "Queued, 1 ahead of you."),
            (Progress("queued", 0, 5), "Queued, about 5 s."),
            (Progress("queued"), "Queued."),
            (Progress("queued", 1, 0.2), "Queued, 1 ahead of you, about 1 s."),
            (Progress("queued", 30, 89.9), "Queued, 30 ahead of you, about 90 s."),
            (Progress("queued", 30, 90), "Queued, 30 ahead of you, about 2 minutes."),
            (Progress("queued", 30, 600), "Queued, 30 ahead of you, about 10 minutes."),
            (Progress("starting", eta_s=30), "Waking the model, about 30 s."),
            (Progress("starting"), "Waking the model."),
            (Progress("waking", 0, 30), "Waking the machine, about 30 s."),
            (Progress("waking", 2, 29.6), "Waking the machine, 2 ahead of you, about 30 s."),
        ],
    )
    def test_says_why_there_is_no_text(self, progress: Progress | None, told: str) -> None:
        assert waiting_notice(progress) == told
        view = present(make_request(), (), progress)
        assert (view.status, view.notice) == ("waiting", told)

    def test_text_takes_the_notices_place(self) -> None:
        record = make_request(status="running")
        view = present(record, [make_sample(record)], Progress("running"))
        assert (view.status, view.notice, view.samples[0].footer, view.samples[0].open) == ("writing", None, "", True)

    def test_samples_without_text_still_wait(self) -> None:
        record = make_request(status="running")
        assert present(record, [make_sample(record, text="")]).status == "waiting"


class TestFooter:
    def test_says_how_to_get_it_again(self) -> None:
        assert footer(make_ended()) == "smollm2-135m · seed 48213 · 60 tokens, 0.9 s (67/s) · stopped at length"

    def test_each_sample_has_its_seed_and_all_share_time_and_speed(self) -> None:
        record = make_ended(options=SamplingOptions(samples=2, seed=5), finished_at=NOW + timedelta(seconds=2))
        samples = [make_finished_sample(record, index, completion_tokens=40 + index) for index in range(2)]
        assert footers(record, *samples) == [
            "smollm2-135m · seed 5 · 40 tokens, all 2 in 2.0 s (40/s) · stopped at length",
            "smollm2-135m · seed 6 · 41 tokens, all 2 in 2.0 s (40/s) · stopped at length",
        ]

    def test_adds_what_differs_from_the_places_defaults(self) -> None:
        record = make_ended(options=SamplingOptions(temperature=0, length=200, seed=5))
        assert footer(record).startswith("smollm2-135m · seed 5 · temperature 0 · length 200 · 60 tokens")

    def test_one_token_is_one(self) -> None:
        assert " · 1 token, 0.9 s (1/s) · " in footer(make_ended(), completion_tokens=1)

    @pytest.mark.parametrize("unknown", ["completion_tokens", "started_at", "finished_at"])
    def test_speed_is_left_out_when_unknown(self, unknown: str) -> None:
        changes = {unknown: None}
        record = make_ended(**({} if unknown == "completion_tokens" else changes))
        sample = changes if unknown == "completion_tokens" else {}
        assert footer(record, **sample) == "smollm2-135m · seed 48213 · stopped at length"

    def test_no_time_at_all_is_no_division_by_zero(self) -> None:
        assert "60 tokens, 0.0 s" in footer(make_ended(finished_at=NOW))

    def test_names_the_backend_when_no_model_is_known(self) -> None:
        assert footer(make_ended(model=None)).startswith("local · seed 48213")

    @pytest.mark.parametrize(
        ("sample", "record", "told"),
        [
            ({"end": "length"}, {}, "stopped at length"),
            ({"end": "stop"}, {}, "reached the end"),
            ({"end": "stop", "stop_reason": "\n\n"}, {}, r'stopped at "\n\n"'),
            ({"end": "stopped"}, {"status": "stopped", "error": "stopped by @member"}, "stopped by @member"),
            ({"end": "stopped"}, {"status": "stopped"}, "stopped"),
            (
                {"end": "deadline"},
                {"status": "failed", "error": "cut off after 120 s, partial text kept"},
                "cut off after 120 s, partial text kept",
            ),
            ({"end": "deadline"}, {}, "cut off by the time limit, partial text kept"),
            (
                {"end": "failed"},
                {"status": "failed", "error": "the model ran out of memory; nothing was lost, press 🔁"},
                "failed: the model ran out of memory; nothing was lost, press 🔁",
            ),
            (
                {"end": "failed"},
                {"status": "failed", "error": "failed inside Inkling; the log says more. Press 🔁 to try again."},
                "failed inside Inkling; the log says more. Press 🔁 to try again.",
            ),
            ({"end": "failed"}, {}, "failed"),
            ({"end": "length"}, {"status": "failed", "error": "the rest failed"}, "stopped at length"),
        ],
    )
    def test_says_how_it_ended(self, sample: dict[str, Any], record: dict[str, Any], told: str) -> None:
        assert footer(make_ended(**record), **sample).endswith(f" · {told}")

    def test_comes_only_at_the_end_of_the_request(self) -> None:
        record = make_ended(status="running", finished_at=None)
        assert footer(record) == ""


class TestActions:
    @pytest.mark.parametrize("status", ["accepted", "running"])
    def test_open_requests_can_be_stopped(self, status: str) -> None:
        record = make_request(status=status)
        assert present(record, [make_sample(record)]).actions == ("stop",)

    def test_results_can_be_gone_on_from(self) -> None:
        record = make_ended()
        assert present(record, [make_finished_sample(record)]).actions == (
            "again",
            "continue",
            "vary",
            "same_seed",
            "edit",
            "story",
            "file",
            "undo",
            "delete",
        )

    def test_only_what_is_compared_is_voted_on(self) -> None:
        record = make_ended(kind="compare")
        assert "vote" in present(record, [make_finished_sample(record)]).actions
        assert "vote" not in present(record, [make_finished_sample(record, text="")]).actions
        assert present(record, [], votes=3).votes == 3

    def test_one_of_several_can_be_picked(self) -> None:
        record = make_ended(options=SamplingOptions(samples=2, seed=5))
        samples = [make_finished_sample(record, index) for index in range(2)]
        assert "pick" in present(record, samples).actions

    @pytest.mark.parametrize("count", [0, 1, 2])
    def test_nothing_goes_on_from_no_text(self, count: int) -> None:
        record = make_ended(status="failed")
        samples = [make_finished_sample(record, index, text="", end="failed") for index in range(count)]
        assert not {"continue", "pick", "file"} & set(present(record, samples).actions)


class TestView:
    def test_carries_the_request(self) -> None:
        parent = Parent("the parent", 1)
        record = make_ended(private=True, notes=("length 500 → 200 (this server's ceiling)",), parent=parent)
        view = present(record, ())
        told = (view.request_id, view.group_id, view.channel, view.kind, view.prompt, view.requester_id)
        assert told == (record.id, record.id, "general", "complete", "Once upon a time", "u1")
        assert (view.private, view.notes, view.parent_id) == (True, record.notes, "the parent")

    @pytest.mark.parametrize(
        ("status", "error", "told"),
        [("failed", "it broke", "it broke"), ("stopped", "stopped by @Ada", None), ("done", None, None)],
    )
    def test_only_failures_are_errors(self, status: str, error: str | None, told: str | None) -> None:
        record = replace(make_ended(), status=status, error=error)
        view = present(record, ())
        assert (view.status, view.ended, view.error) == (status, True, told)
