from __future__ import annotations

import ctypes

import numpy as np
import pytest
import torch

from generation.native.pointers import FloatRows, bind, check_memory, float_rows, int64_address


def test_rows_are_where_the_tensor_has_them() -> None:
    tensor = torch.arange(12, dtype=torch.float32).view(3, 4)
    assert float_rows(tensor) == FloatRows(tensor.data_ptr(), 3, 4, 4)
    assert float_rows(tensor[1:, 1:]) == FloatRows(tensor.data_ptr() + 5 * 4, 2, 3, 4)
    assert float_rows(tensor[0].expand(7, -1)).stride == 0
    assert float_rows(tensor[:, :1]) == FloatRows(tensor.data_ptr(), 3, 1, 4)


@pytest.mark.parametrize(
    ("tensor", "error"),
    [
        (torch.zeros(2, 2, dtype=torch.bfloat16), TypeError),
        (torch.zeros(2, 2, device="meta"), TypeError),
        (torch.zeros(4), ValueError),
        (torch.zeros(4, 3).T, ValueError),
        (torch.zeros(4, 6)[:, ::2], ValueError),
    ],
)
def test_other_tensors_are_refused(tensor: torch.Tensor, error: type[Exception]) -> None:
    with pytest.raises(error):
        float_rows(tensor)


def test_arrays_are_int64_and_in_one_piece() -> None:
    ids = np.arange(6)
    assert int64_address(ids) == ids.ctypes.data
    assert int64_address(ids[2:]) == ids.ctypes.data + 16
    with pytest.raises(TypeError):
        int64_address(ids.astype(np.int32))
    with pytest.raises(ValueError):
        int64_address(ids[::2])
    with pytest.raises(ValueError):
        int64_address(ids.reshape(2, 3))


def test_a_bound_function_refuses_other_arguments(kernels: ctypes.CDLL) -> None:
    sample = bind(kernels, "inkling_sample_rows", ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    assert sample(None, None, 0) == 1
    with pytest.raises(ctypes.ArgumentError):
        sample(None, None, 0.5)
    with pytest.raises(AttributeError):
        bind(kernels, "inkling_unheard_of", None)


def test_one_binding_of_a_function_does_not_change_another(kernels: ctypes.CDLL) -> None:
    strict = bind(kernels, "inkling_sample_rows", ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    bind(kernels, "inkling_sample_rows", None, ctypes.c_double)
    assert strict(None, None, 0) == 1


def test_a_kernel_without_memory_is_told() -> None:
    check_memory(1)
    with pytest.raises(MemoryError):
        check_memory(0)
