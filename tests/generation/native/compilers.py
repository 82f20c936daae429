"""Compilers for tests: the machine's own, and scripts around it that are slow, or write down when they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from generation.native.compiler import Compiler, KernelsUnavailable, find_compiler
from generation.native.library import ABI_VERSION

_VERSION = f'extern "C" int inkling_abi_version() {{ return {ABI_VERSION}; }}'


def real_compiler() -> Compiler:
    """Skips the test where there is none."""
    try:
        return find_compiler()
    except KernelsUnavailable:
        pytest.skip("there is no C++ compiler here")


def wrap_compiler(folder: Path, before_compiling: str) -> Path:
    """A compiler that runs a line of shell first, except when it is asked for its version."""
    script = folder / "wrapped-c++"
    script.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] || {{ {before_compiling}; }}\nexec "{real_compiler().path}" "$@"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    return script


def compiler_for(folder: Path, cpu: str) -> Path:
    """A compiler for another CPU than this one, as GCC and Clang call it: the last word counts."""
    script = folder / f"{cpu}-c++"
    script.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] || set -- "$@" -march={cpu}\nexec "{real_compiler().path}" "$@"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    return script


def write_sources(folder: Path, *bodies: str) -> Path:
    """A folder of sources that make a library of the right interface."""
    folder.mkdir()
    for index, body in enumerate((_VERSION, *bodies)):
        (folder / f"part{index}.cpp").write_text(body, encoding="utf-8")
    return folder
