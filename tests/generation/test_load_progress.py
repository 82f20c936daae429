from __future__ import annotations

from generation.load_progress import LoadProgress, LoadState


def test_stages_share_the_whole() -> None:
    heard: list[LoadState] = []
    progress = LoadProgress(heard.append)
    progress.begin("One.", 0.4)
    progress.advance(0.5)
    progress.begin("Two.", 1.0)
    progress.advance(2.0)
    assert heard == [LoadState("One.", 0.0), LoadState("One.", 0.2), LoadState("Two.", 0.4), LoadState("Two.", 1.0)]
    assert progress.state == heard[-1]


def test_progress_never_goes_back() -> None:
    progress = LoadProgress()
    progress.begin("Far.", 0.8)
    progress.begin("Nearer.", 0.5)
    progress.advance(1.0)
    assert progress.state.progress == 0.8
