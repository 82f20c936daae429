"""A result that grows, as it is written to standard output."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from backends.protocol import Progress
from backends.store.records import SampleRecord
from bots.cli.observation import Observation
from bots.cli.streamed_reply import StreamedReply
from bots.cli.terminal import Terminal
from bots.presenter import present
from config.sampling import SamplingOptions
from tests.fakes.records import make_request

TEXTS = st.lists(st.text(st.sampled_from("ab \n"), min_size=1, max_size=6), min_size=1, max_size=4)


class Growth:
    """A request whose samples the test writes."""

    def __init__(self, samples: int) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.reply = StreamedReply(Terminal(self.out, self.err), Observation())
        self.record = make_request(options=SamplingOptions(seed=7, samples=samples))
        self.samples = [SampleRecord(self.record.id, index, 7 + index) for index in range(samples)]

    async def show(self, texts: Sequence[str], ended: Sequence[bool]) -> None:
        self.samples = [
            replace(sample, text=text, end="length" if end else None)
            for sample, text, end in zip(self.samples, texts, ended, strict=True)
        ]
        await self.reply.update(present(self.record, self.samples))

    async def finish(self, texts: Sequence[str], status: str = "done") -> None:
        end = "length" if status == "done" else status
        samples = [replace(sample, text=text, end=end) for sample, text in zip(self.samples, texts, strict=True)]
        await self.reply.finish(present(replace(self.record, status=status), samples))


def as_printed(texts: Sequence[str]) -> str:
    return "".join(text if text.endswith("\n") else f"{text}\n" for text in texts)


@given(TEXTS, st.data())
async def test_what_is_printed_is_every_text_in_order(texts: list[str], data: st.DataObject) -> None:
    growth = Growth(len(texts))
    shown = [0] * len(texts)
    for _ in range(data.draw(st.integers(0, 5))):
        shown = [data.draw(st.integers(at, len(text))) for at, text in zip(shown, texts, strict=True)]
        parts = [text[:at] for at, text in zip(shown, texts, strict=True)]
        await growth.show(parts, [part == text for part, text in zip(parts, texts, strict=True)])
        assert as_printed(texts).startswith(growth.out.getvalue())
    await growth.finish(texts)
    assert growth.out.getvalue() == as_printed(texts)


async def test_first_sample_is_live_and_the_next_waits_for_its_end() -> None:
    growth = Growth(2)
    await growth.show([" a", " x"], [False, False])
    assert growth.out.getvalue() == " a"
    await growth.show([" a b", " x y"], [True, False])
    assert growth.out.getvalue() == " a b\n x y"
    await growth.finish([" a b", " x y z"])
    assert growth.out.getvalue() == " a b\n x y z\n"
    assert growth.err.getvalue().splitlines()[:2] == ["— 1/2 —", "— 2/2 —"]


async def test_stopped_samples_keep_their_text() -> None:
    growth = Growth(3)
    await growth.finish([" a", "", " c"], "stopped")
    assert growth.out.getvalue() == " a\n c\n"


async def test_failure_leaves_its_sentence_to_the_exit() -> None:
    growth = Growth(1)
    await growth.finish([" a"], "failed")
    assert (growth.out.getvalue(), growth.err.getvalue()) == (" a\n", "")


async def test_waiting_is_told_on_standard_error() -> None:
    growth = Growth(1)
    for progress in (Progress("queued", 2, 20), Progress("starting", eta_s=5), Progress("running")):
        await growth.reply.open(present(growth.record, (), progress))
    assert growth.err.getvalue() == "Queued, 2 ahead of you, about 20 s.\nWaking the model, about 5 s.\n"
    assert growth.out.getvalue() == ""
