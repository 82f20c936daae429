"""A matrix's rows straight from a safetensors file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from generation.stored_weights import StoredRows, StoredWeights

NAME = "model.embed_tokens.weight"


def save(folder: Path, dtype: torch.dtype) -> torch.Tensor:
    matrix = torch.randn((7, 5), generator=torch.Generator().manual_seed(3)).to(dtype)
    save_file({"before": torch.ones(3), NAME: matrix, "z": torch.ones(2)}, folder / "model.safetensors")
    return matrix


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_rows_are_those_of_the_matrix(tmp_path: Path, dtype: torch.dtype) -> None:
    matrix = save(tmp_path, dtype)
    rows = StoredWeights(tmp_path, ("model.",)).rows("embed_tokens.weight")
    assert rows is not None
    assert rows.shape == (7, 5)
    found = rows.read([6, 0, 0, 3])
    assert found.dtype == np.float32
    assert np.array_equal(found, matrix[[6, 0, 0, 3]].float().numpy())


def test_there_are_no_rows_of_what_is_not_there(tmp_path: Path) -> None:
    save(tmp_path, torch.float32)
    assert StoredWeights(tmp_path, ()).rows("lm_head.weight") is None


@pytest.mark.parametrize("tensor", [torch.ones(7), torch.ones((2, 2), dtype=torch.int8), torch.ones((2, 2, 2))])
def test_what_is_no_matrix_of_floats_is_refused(tmp_path: Path, tensor: torch.Tensor) -> None:
    save_file({NAME: tensor}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="where a matrix of floats is wanted"):
        StoredRows(tmp_path / "model.safetensors", NAME)


def test_a_file_that_is_replaced_goes_on_being_read(tmp_path: Path) -> None:
    matrix = save(tmp_path, torch.float32)
    rows = StoredRows(tmp_path / "model.safetensors", NAME)
    (tmp_path / "other").write_bytes(b"x" * 4000)
    (tmp_path / "other").replace(tmp_path / "model.safetensors")
    assert np.array_equal(rows.read([1]), matrix[[1]].numpy())


def test_a_file_that_becomes_shorter_is_noticed(tmp_path: Path) -> None:
    save(tmp_path, torch.float32)
    rows = StoredRows(tmp_path / "model.safetensors", NAME)
    with (tmp_path / "model.safetensors").open("r+b") as file:
        file.truncate(300)
    with pytest.raises(OSError, match="has become shorter"):
        rows.read([6])
