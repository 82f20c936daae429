"""A row's bits are a function of its text alone: not of its company, its place, the cuts, the threads."""

from __future__ import annotations

import ctypes
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from generation.native.network import BLOCK, NativeNetwork, NetworkShape, Rows, WeightPrecision
from generation.native_weights import Embedding, NativePlan, build_network
from tests.fakes.native_runners import NativeModel, save_for_kernels
from tests.fakes.random_models import build_random, tokens_of

PRECISIONS = ("fp32", "bf16", "int8")
ROOM = 40


@pytest.fixture(params=["gpt2", "llama"], scope="module")
def model(request, kernels: ctypes.CDLL, tmp_path_factory: pytest.TempPathFactory) -> NativeModel:
    sizes = {"n_embd": 96, "n_head": 6} if request.param == "gpt2" else {"hidden_size": 96, "intermediate_size": 200}
    return save_for_kernels(kernels, build_random(request.param, **sizes), tmp_path_factory.mktemp("model"))


class Texts:
    """Texts with blocks of their own, in a network's cache."""

    def __init__(self, model: NativeModel, precision: WeightPrecision, threads: int) -> None:
        plan = NativePlan(model.loaded, model.folder, 512, threads)
        self._network, self._embedding = self.built = build_network(model.library, plan, precision)
        self._network.set_cache(ROOM * 4)
        self.free_all()

    def read(self, tokens: list[int], cuts: list[int]) -> tuple[torch.Tensor, list[int]]:
        """The logits after each token, and the text's blocks."""
        blocks = [self._free.pop() for _ in range(-(-(len(tokens) + 1) // BLOCK))]
        logits = []
        for first, last in zip([0, *cuts], [*cuts, len(tokens)], strict=True):
            places = np.arange(first, last, dtype=np.int32)
            logits.append(self._run(tokens[first:last], places, [blocks], lone=False))
        return torch.cat(logits), blocks

    def read_together(self, prompts: list[list[int]]) -> torch.Tensor:
        """The logits after each token of each, in one pass."""
        widest = max(-(-len(prompt) // BLOCK) for prompt in prompts)
        tables = np.array([[self._free.pop() for _ in range(widest)] for _ in prompts], dtype=np.int32)
        lengths = [len(prompt) for prompt in prompts]
        places = np.concatenate([np.arange(length, dtype=np.int32) for length in lengths])
        sequences = np.repeat(np.arange(len(prompts), dtype=np.int32), lengths)
        outputs = np.arange(len(places), dtype=np.int32)
        embeddings = self._embedding.look_up([token for prompt in prompts for token in prompt], places)
        return self._network.run(Rows(embeddings, places, sequences, tables, outputs, lone=False))

    def free_all(self) -> None:
        self._free = list(range(ROOM * 4))
        random.Random(1).shuffle(self._free)

    def step(self, newest: list[int], positions: list[int], tables: list[list[int]]) -> torch.Tensor:
        return self._run(newest, np.array(positions, dtype=np.int32), tables, lone=True)

    def _run(self, tokens, places, tables: list[list[int]], *, lone: bool) -> torch.Tensor:
        longest = max(map(len, tables))
        table = np.array([[*blocks, *[0] * (longest - len(blocks))] for blocks in tables], dtype=np.int32)
        outputs = np.arange(len(tokens), dtype=np.int32)
        sequences = outputs if lone else np.zeros(len(tokens), dtype=np.int32)
        embeddings = self._embedding.look_up(tokens, places)
        return self._network.run(Rows(embeddings, places, sequences, table, outputs, lone=lone))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_cuts_and_threads_change_no_bit_of_a_prompt(model: NativeModel, precision: WeightPrecision) -> None:
    text = tokens_of(83)
    whole, _ = Texts(model, precision, 1).read(text, [])
    chance = random.Random(4)
    for threads in (1, 2, 3):
        texts = Texts(model, precision, threads)
        for cuts in (
            [],
            list(range(1, 83)),
            [16, 32, 48],
            *(sorted(chance.sample(range(1, 83), n)) for n in (1, 3, 9)),
        ):
            logits, blocks = texts.read(text, cuts)
            assert torch.equal(logits, whole), (threads, cuts)
            texts._free += blocks


@pytest.mark.parametrize("precision", PRECISIONS)
def test_prompts_read_together_have_the_bits_they_have_alone(model: NativeModel, precision: WeightPrecision) -> None:
    chance = random.Random(6)
    for threads in (1, 3):
        texts = Texts(model, precision, threads)
        for count in (2, 3, 7):
            prompts = [tokens_of(chance.randrange(1, 40), seed=chance.randrange(99)) for _ in range(count)]
            alone = torch.cat([texts.read(prompt, [])[0] for prompt in prompts])
            assert torch.equal(texts.read_together(prompts), alone)
            texts.free_all()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_company_and_place_change_no_bit_of_a_row(model: NativeModel, precision: WeightPrecision) -> None:
    lengths = (1, 15, 16, 17, 31, 32, 33, 60, 100)
    prompts = [tokens_of(length, seed=length) for length in lengths]
    wholes: dict[int, torch.Tensor] = {}
    chance = random.Random(5)
    for threads in (1, 2, 3):
        texts = Texts(model, precision, threads)
        tables = [texts.read(prompt, [])[1] for prompt in prompts]
        for count in (*range(1, 20), 24, 31, 32):
            chosen = [chance.randrange(len(prompts)) for _ in range(count)]
            logits = texts.step([42] * count, [lengths[each] for each in chosen], [tables[each] for each in chosen])
            for row, each in zip(logits, chosen, strict=True):
                assert torch.equal(row, wholes.setdefault(each, row)), (threads, count, each)
    for each, prompt in enumerate(prompts):
        alone, _ = Texts(model, precision, 1).read([*prompt, 42], [])
        assert torch.equal(wholes[each], alone[-1])


def test_a_copied_block_is_the_same_block(model: NativeModel) -> None:
    texts = Texts(model, "int8", 1)
    text = tokens_of(20)
    _, blocks = texts.read(text, [])
    expected = texts.step([3], [20], [blocks])
    copies = [texts._free.pop() for _ in blocks]
    for source, target in zip(blocks, copies, strict=True):
        texts._network.copy_block(source, target)
    texts.step([9], [20], [blocks])
    assert torch.equal(texts.step([3], [20], [copies]), expected)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_a_row_that_is_no_number_leaves_nothing_in_its_place(
    kernels: ctypes.CDLL, tmp_path: Path, kind: str, precision: WeightPrecision
) -> None:
    """Where a row isn't a whole number of vectors, the rest of its place must be zero again."""
    sizes = {"n_embd": 48, "n_head": 3} if kind == "gpt2" else {"hidden_size": 48, "head_dim": 16}
    texts = Texts(save_for_kernels(kernels, build_random(kind, **sizes), tmp_path), precision, 1)
    _, blocks = texts.read(tokens_of(5), [])
    expected = texts.step([3], [5], [blocks])
    network, _ = texts.built
    spoiled = np.full((1, 48), np.nan, dtype=np.float32)
    spare = np.array([[texts._free.pop()]], dtype=np.int32)
    nowhere = np.zeros(1, dtype=np.int32)
    assert network.run(Rows(spoiled, nowhere, nowhere, spare, nowhere, lone=True)).isnan().all()
    assert torch.equal(texts.step([3], [5], [blocks]), expected)


SOUND = {
    "embeddings": np.zeros((2, 96), dtype=np.float32),
    "positions": np.zeros(2, dtype=np.int32),
    "sequences": np.arange(2, dtype=np.int32),
    "tables": np.zeros((2, 1), dtype=np.int32),
    "outputs": np.arange(2, dtype=np.int32),
    "lone": True,
}


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("embeddings", np.zeros((2, 95), dtype=np.float32)),
        ("embeddings", np.zeros((2, 96), dtype=np.float64)),
        ("embeddings", np.zeros((2, 192), dtype=np.float32)[:, ::2]),
        ("positions", np.array([0, BLOCK], dtype=np.int32)),
        ("positions", np.array([0, -1], dtype=np.int32)),
        ("positions", np.zeros(2, dtype=np.int64)),
        ("tables", np.array([[0], [4 * ROOM]], dtype=np.int32)),
        ("tables", np.array([[-1], [0]], dtype=np.int32)),
        ("tables", np.zeros((1, 1), dtype=np.int32)),
        ("sequences", np.array([0, 2], dtype=np.int32)),
        ("sequences", np.array([0, -1], dtype=np.int32)),
        ("sequences", np.zeros(3, dtype=np.int32)),
        ("tables", np.zeros((2, 4), dtype=np.int32)[:, ::2]),
        ("outputs", np.array([0, 2], dtype=np.int32)),
        ("outputs", np.array([-1], dtype=np.int32)),
        ("outputs", np.zeros(0, dtype=np.int32)),
    ],
)
def test_rows_that_would_be_read_beyond_memory_are_refused(model: NativeModel, part: str, wrong: np.ndarray) -> None:
    network, _ = Texts(model, "int8", 1).built
    network.run(Rows(**SOUND))
    with pytest.raises(ValueError, match=r"^these rows are not"):
        network.run(Rows(**{**SOUND, part: wrong}))


def test_lone_rows_of_the_same_sequence_are_refused(model: NativeModel) -> None:
    network, _ = Texts(model, "int8", 1).built
    twice = {**SOUND, "positions": np.arange(2, dtype=np.int32), "sequences": np.ones(2, dtype=np.int32)}
    network.run(Rows(**{**twice, "lone": False}))
    with pytest.raises(ValueError, match=r"^lone rows must each be of a sequence of their own"):
        network.run(Rows(**twice))


@contextmanager
def burning_cores(count: int) -> Iterator[None]:
    """Other processes that leave no core idle."""
    command = [sys.executable, "-c", "while True: pass"]
    burners = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def step_often(built: tuple[NativeNetwork, Embedding], rounds: int, seed: int) -> bool:
    """Whether as many steps as that, of varying numbers of rows, have the bits that their rows have alone."""
    network, embedding = built
    network.set_cache(32)
    chance = random.Random(seed)

    def step(tokens: list[int]) -> torch.Tensor:
        places = np.zeros(len(tokens), dtype=np.int32)
        tables = np.arange(len(tokens), dtype=np.int32)[:, None]
        outputs = np.arange(len(tokens), dtype=np.int32)
        return network.run(Rows(embedding.look_up(tokens, places), places, outputs, tables, outputs, lone=True))

    alone = torch.cat([step([token]) for token in range(64)])
    batches = ([chance.randrange(64) for _ in range(chance.choice((1, 1, 2, 3, 7, 16)))] for _ in range(rounds))
    return all(torch.equal(step(tokens), alone[tokens]) for tokens in batches)


def build_all(model: NativeModel, threads: tuple[int, ...]) -> list[tuple[NativeNetwork, Embedding]]:
    plans = [NativePlan(model.loaded, model.folder, 32, count) for count in threads]
    return [build_network(model.library, plan, "int8") for plan in plans]


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_threads_lose_no_step(model: NativeModel, threads: int) -> None:
    [built] = build_all(model, (threads,))
    assert step_often(built, 300, seed=threads)


@pytest.mark.slow
def test_threads_lose_no_step_where_cores_are_wanting(model: NativeModel) -> None:
    """More threads than cores, of several networks at a time, beside processes that never sleep."""
    networks = build_all(model, (2, 3, 4))
    with burning_cores(2), ThreadPoolExecutor(len(networks)) as pool:
        assert all(pool.map(partial(step_often, rounds=20_000, seed=1), networks))


def test_a_network_that_goes_ends_its_threads(model: NativeModel) -> None:
    def count_threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    if not Path("/proc/self/task").is_dir():
        pytest.skip("threads can't be counted here")
    before = count_threads()
    networks = build_all(model, (4, 4))
    assert count_threads() == before + 6
    assert step_often(networks[0], 3, seed=1)
    networks.clear()
    assert count_threads() == before


def build_idle(kernels: ctypes.CDLL, hidden: int, head: torch.Tensor, heads: int) -> NativeNetwork:
    """It changes nothing: what comes before the head is the embedding, normed."""
    vocabulary = len(head)
    shape = NetworkShape(
        1, hidden, heads, heads, hidden // heads, 64, vocabulary, gated=True, positions=32, epsilon=1e-6
    )
    network = NativeNetwork(kernels, shape, "int8", most_rows=16, threads=2)
    for place, size in enumerate(shape.matrix_sizes):
        network.set_layer(0, place, head if place == 4 else torch.zeros(size), None)
    for place in range(3):
        network.set_norm(0, place, torch.ones(hidden), None)
    network.set_angles(torch.ones(32, hidden // heads // 2), torch.zeros(32, hidden // heads // 2))
    network.set_cache(4)
    return network


def run_alone(network: NativeNetwork, embeddings: torch.Tensor) -> torch.Tensor:
    """Each row a text of its own, of one token, in a block of its own."""
    each = np.arange(len(embeddings), dtype=np.int32)
    places = np.zeros(len(embeddings), dtype=np.int32)
    return network.run(Rows(embeddings.numpy(), places, each, each[:, None].copy(), each, lone=True))


@pytest.mark.parametrize("vocabulary", [5, 50, 257, 1000, 3000])
@pytest.mark.parametrize("steep", [False, True])
def test_the_likeliest_logits_beside_bytes_are_of_brain_floats(
    kernels: ctypes.CDLL, vocabulary: int, steep: bool
) -> None:
    """Also where they stand behind many that are nearly as likely."""
    generator = torch.Generator().manual_seed(vocabulary)
    embeddings = torch.randn(3, 96, generator=generator)
    head = torch.randn(vocabulary, 96, generator=generator)
    if steep:
        head += torch.linspace(0, 1, vocabulary)[:, None] * embeddings[0]
    found = run_alone(build_idle(kernels, 96, head, 2), embeddings)
    normed = embeddings / embeddings.square().mean(dim=1, keepdim=True).add(1e-6).sqrt()
    expected = normed @ head.bfloat16().float().t()
    likeliest = expected.topk(min(8, vocabulary)).indices
    assert torch.equal(found.topk(min(8, vocabulary)).indices, likeliest)
    torch.testing.assert_close(found.gather(1, likeliest), expected.gather(1, likeliest), atol=1e-4, rtol=1e-5)
    if vocabulary > 1000:
        assert (found - expected).abs().max() > 1e-3


def test_what_was_no_number_leaves_nothing_in_a_block_that_is_used_again(kernels: ctypes.CDLL) -> None:
    generator = torch.Generator().manual_seed(7)
    head, embeddings = torch.randn(300, 128, generator=generator), torch.randn(3, 128, generator=generator)
    for heads in (2, 8):
        network = build_idle(kernels, 128, head, heads)
        for place in (0, 1):
            size = (384, 128) if place == 0 else (128, 128)
            network.set_layer(0, place, torch.randn(size, generator=generator), None)
        clean = run_alone(network, embeddings)
        assert clean.isfinite().all()
        assert not run_alone(network, torch.full((3, 128), torch.nan)).isfinite().any()
        assert torch.equal(run_alone(network, embeddings), clean)
