"""Addresses of tensors and arrays for the kernels, given only for memory that is as a kernel reads it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class FloatRows:
    """Single-precision numbers [row, column], each row's side by side. Keep the tensor while this is used."""

    address: int
    rows: int
    columns: int
    stride: int
    """From one row to the next, in numbers; 0 when all rows are the same one."""


def float_rows(tensor: torch.Tensor) -> FloatRows:
    """Raises TypeError for other numbers or another device, ValueError for another shape or layout."""
    if tensor.dtype != torch.float32 or tensor.device.type != "cpu":
        raise TypeError(f"expected float32 on the CPU, got {tensor.dtype} on {tensor.device}")
    if tensor.dim() != 2:
        raise ValueError(f"expected two dimensions, got {tensor.dim()}")
    rows, columns = tensor.shape
    if columns > 1 and tensor.stride(1) != 1:
        raise ValueError("a row's numbers must lie side by side")
    return FloatRows(tensor.data_ptr(), rows, columns, tensor.stride(0))


def int64_address(array: NDArray[np.int64]) -> int:
    """Of an array of one dimension. Raises TypeError for other numbers, ValueError for another shape or layout."""
    if array.dtype != np.int64:
        raise TypeError(f"expected int64, got {array.dtype}")
    if array.ndim != 1 or not array.flags.c_contiguous:
        raise ValueError("expected one dimension, with its numbers side by side")
    address: int = array.__array_interface__["data"][0]
    return address


def bind(library: ctypes.CDLL, name: str, result: type[Any] | None, *arguments: type[Any]) -> Callable[..., Any]:
    """A function of the library with the type it returns; ctypes then refuses arguments of other types."""
    # By subscript a new object each time: as an attribute, all who bind it would share its declaration.
    function = library[name]
    function.argtypes = arguments
    function.restype = result
    bound: Callable[..., Any] = function
    return bound


def check_memory(done: int) -> None:
    """Kernels that need memory return 0 where it lacks. Raises MemoryError then."""
    if not done:
        raise MemoryError
