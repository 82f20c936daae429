"""A peer's process and the one who asks it, with a peer that needs no model."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import pytest

from benchmarks.contender import Visit
from benchmarks.peers.environments import LeftOut
from benchmarks.peers.process import PeerProcess

PEER = """
from benchmarks.peers.worker import met, run, timed

class Peer:
    def __init__(self, folder): self.folder = folder
    def versions(self): return {"peer": self.folder}
    def commands(self): return {"generate": timed(self.generate), "arrive": met(self.arrive), "add": self.add}
    def generate(self, prompts, new_tokens, seed):
        print("a library that talks")
        return len(prompts) * new_tokens
    def arrive(self, clients, new_tokens): return [[client.at] * new_tokens for client in clients]
    def add(self, one, other): return {"sum": one + other}

run(Peer)
"""


@pytest.fixture
async def peer() -> AsyncIterator[PeerProcess]:
    process = await PeerProcess.start("a peer", (sys.executable, "-c", PEER, "a-folder"))
    yield process
    await process.aclose()


async def test_it_says_what_it_can_be_asked(peer: PeerProcess) -> None:
    assert peer.versions == {"peer": "a-folder"}
    assert peer.commands == {"generate", "arrive", "add", "memory"}


async def test_it_answers_each_of_its_commands(peer: PeerProcess) -> None:
    written = await peer.generate([(1, 2), (3, 4)], new_tokens=5, seed=6)
    assert (written.tokens, written.seconds > 0) == (10, True)
    [heard] = await peer.arrive([Visit(0.5, (1, 2))], new_tokens=2)
    assert (heard.times, heard.tokens) == ((0.5, 0.5), 2)
    assert await peer.ask("add", one=2, other=3) == {"sum": 5}
    assert await peer.peak_memory()


async def test_a_peer_that_fails_is_left_out_with_its_last_words(peer: PeerProcess) -> None:
    with pytest.raises(LeftOut, match=r"its process failed: TypeError: .*'one'"):
        await peer.ask("add", other=3)


async def test_a_peer_that_does_not_start_is_left_out() -> None:
    with pytest.raises(LeftOut, match="its process failed: no model"):
        await PeerProcess.start("a peer", (sys.executable, "-c", "raise SystemExit('no model')"))


async def test_tokens_that_come_several_at_a_time_are_told() -> None:
    several = PEER.replace("met(self.arrive)", 'lambda clients, new_tokens: {"times": [[0.5]], "tokens": [new_tokens]}')
    process = await PeerProcess.start("a peer", (sys.executable, "-c", several, "a-folder"))
    [heard] = await process.arrive([Visit(0, (1, 2))], new_tokens=7)
    await process.aclose()
    assert (heard.times, heard.tokens) == ((0.5,), 7)
