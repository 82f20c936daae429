from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generation.native.compiler import KernelsUnavailable, describe_cpu
from generation.native.library import ABI_VERSION, KernelLibrary
from tests.generation.native.compilers import real_compiler, wrap_compiler, write_sources

ANSWER = 'extern "C" int answer() { return 42; }'
BUILD = (
    "import sys; from pathlib import Path; from generation.native.library import ABI_VERSION, KernelLibrary\n"
    "cache, compiler, sources = map(Path, sys.argv[1:])\n"
    "print(KernelLibrary(cache, compiler, sources=sources).open().answer())\n"
)


def start_build(cache: Path, compiler: Path, sources: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BUILD, str(cache), str(compiler), str(sources)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True)


def files(cache: Path) -> set[str]:
    """What kind of files are left in the cache, locks aside."""
    return {path.suffix for path in (cache / "native").iterdir() if path.suffix != ".lock"}


def test_compiles_once_and_is_cached_from_then_on(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "sources", ANSWER)
    runs = tmp_path / "runs"
    compiler = wrap_compiler(tmp_path, f'echo run >> "{runs}"')
    first = KernelLibrary(tmp_path, compiler, sources=sources)
    assert not first.cached
    assert first.open().answer() == 42
    assert KernelLibrary(tmp_path, compiler, sources=sources).cached
    assert KernelLibrary(tmp_path, compiler, sources=sources).open().answer() == 42
    assert runs.read_text().count("run") == 3  # two sources and the link
    assert files(tmp_path) == {".so"}


def test_our_own_sources_compile(tmp_path: Path) -> None:
    real_compiler()
    assert KernelLibrary(tmp_path).open().inkling_abi_version() == ABI_VERSION


@pytest.mark.parametrize("change", ["source", "header", "cpu"])
def test_a_changed_source_or_cpu_is_compiled_anew(tmp_path: Path, change: str) -> None:
    compiler = real_compiler().path
    sources = write_sources(tmp_path / "sources", ANSWER)
    KernelLibrary(tmp_path, compiler, sources=sources).open()
    if change == "source":
        (sources / "part1.cpp").write_text(ANSWER.replace("42", "43"))
    if change == "header":
        (sources / "more.h").write_text("")
    cpu = describe_cpu() + " amx" if change == "cpu" else None
    changed = KernelLibrary(tmp_path, compiler, sources=sources, cpu=cpu)
    assert not changed.cached
    assert changed.open().answer() == (43 if change == "source" else 42)


@pytest.mark.parametrize("compiler", ["gone", "broken", "another"])
def test_what_was_made_before_serves_on_and_no_compiler_is_looked_for(tmp_path: Path, compiler: str) -> None:
    sources = write_sources(tmp_path / "sources", ANSWER)
    KernelLibrary(tmp_path, real_compiler().path, sources=sources).open()
    asked = tmp_path / "asked"
    other = tmp_path / "other-c++"
    if compiler != "gone":
        other.write_text(f'#!/bin/sh\necho "$@" >> "{asked}"\n{"false" if compiler == "broken" else "echo 99"}\n')
        other.chmod(0o755)
    library = KernelLibrary(tmp_path, other, sources=sources)
    assert library.cached
    assert library.open().answer() == 42
    assert not asked.exists()


@pytest.mark.parametrize("change", ["source", "cpu", "damage"])
def test_without_a_compiler_only_the_same_sources_and_cpu_serve(tmp_path: Path, change: str) -> None:
    sources = write_sources(tmp_path / "sources", ANSWER)
    start_build(tmp_path, real_compiler().path, sources).communicate()
    if change == "source":
        (sources / "part1.cpp").write_text(ANSWER.replace("42", "43"))
    if change == "damage":
        (built,) = (tmp_path / "native").glob("*.so")
        built.write_bytes(b"\0" * 100)
    cpu = describe_cpu() + " amx" if change == "cpu" else None
    for reason in ("don't load" if change == "damage" else "no C\\+\\+ compiler", "no C\\+\\+ compiler"):
        with pytest.raises(KernelsUnavailable, match=reason):
            KernelLibrary(tmp_path, tmp_path / "nothing", sources=sources, cpu=cpu).open()


def age(path: Path, days: float) -> None:
    then = time.time() - days * 24 * 3600
    os.utime(path, (then, then))


def test_a_new_library_removes_those_that_nobody_opened_for_a_month(tmp_path: Path) -> None:
    compiler = real_compiler().path
    sources = write_sources(tmp_path / "sources", ANSWER)
    in_use = KernelLibrary(tmp_path, compiler, sources=sources).open()
    (first,) = (tmp_path / "native").glob("*.so")
    recent, stranger = (first.with_name(name) for name in ("kernels-recent.so", "another.so"))
    for path, days in ((first, 31), (recent, 29), (stranger, 31)):
        path.touch()
        age(path, days)
    (sources / "part1.cpp").write_text(ANSWER.replace("42", "43"))
    assert KernelLibrary(tmp_path, compiler, sources=sources).open().answer() == 43
    left = set((tmp_path / "native").glob("*.so"))
    assert first not in left
    assert {recent, stranger} < left
    assert in_use.answer() == 42
    assert len(list((tmp_path / "native").glob("*.lock"))) <= 1


def test_what_is_opened_counts_as_new(tmp_path: Path) -> None:
    library = KernelLibrary(tmp_path, real_compiler().path, sources=write_sources(tmp_path / "sources", ANSWER))
    library.open()
    (built,) = (tmp_path / "native").glob("*.so")
    age(built, 40)
    library.open()
    assert time.time() - built.stat().st_mtime < 3600


def test_without_a_compiler_says_so(tmp_path: Path) -> None:
    with pytest.raises(KernelsUnavailable, match="no C\\+\\+ compiler"):
        KernelLibrary(tmp_path, tmp_path / "nothing").open()
    assert not KernelLibrary(tmp_path, tmp_path / "nothing").cached
    assert not (tmp_path / "native").exists()


def test_a_compile_error_is_one_sentence_with_the_compiler_s_last_lines(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "sources", "int broken() { return unheard_of; }")
    library = KernelLibrary(tmp_path, real_compiler().path, sources=sources)
    with pytest.raises(KernelsUnavailable, match=r"^With this C\+\+ compiler part1.cpp does not compile\.$") as caught:
        library.open()
    assert "unheard_of" in caught.value.output
    assert not library.cached
    assert files(tmp_path) == set()


def test_a_compiler_that_hangs_is_stopped_with_its_children(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "sources")
    child = tmp_path / "child"
    compiler = wrap_compiler(tmp_path, f'sleep 600 & echo $! > "{child}"; wait')
    with pytest.raises(KernelsUnavailable, match="longer than 1 second"):
        KernelLibrary(tmp_path, compiler, sources=sources, timeout_s=1).open()
    wait_until_gone(int(child.read_text()))
    assert files(tmp_path) == set()


def test_a_compile_error_stops_the_compiling_of_the_others(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "sources", "int broken() { return unheard_of; }")
    child = tmp_path / "child"
    # The other source takes ten minutes.
    slow = f'case "$*" in *broken.cpp*) ;; *) echo $$ > "{child}"; exec sleep 600;; esac'
    (sources / "part1.cpp").rename(sources / "broken.cpp")
    with pytest.raises(KernelsUnavailable, match=r"broken\.cpp does not compile"):
        KernelLibrary(tmp_path, wrap_compiler(tmp_path, slow), sources=sources).open()
    if child.exists():
        wait_until_gone(int(child.read_text()))


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} is still there")


def test_survives_a_builder_killed_in_the_middle(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "sources", ANSWER)
    started = tmp_path / "started"
    # Slow the first time only: the process that comes after the killed one has the same compiler.
    compiler = wrap_compiler(tmp_path, f'[ -e "{started}" ] || {{ echo $$ > "{started}"; exec sleep 600; }}')
    killed = start_build(tmp_path, compiler, sources)
    while not (started.exists() and started.read_text().strip()):
        assert killed.poll() is None
        time.sleep(0.02)
    killed.kill()
    killed.communicate()
    try:
        library = KernelLibrary(tmp_path, compiler, sources=sources)
        assert not library.cached
        assert library.open().answer() == 42
        assert files(tmp_path) == {".so"}
    finally:
        os.kill(int(started.read_text()), signal.SIGKILL)


def test_of_two_processes_one_compiles_and_both_have_the_library(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "sources", ANSWER)
    runs = tmp_path / "runs"
    compiler = wrap_compiler(tmp_path, f'echo run >> "{runs}"; sleep 0.5')
    builders = [start_build(tmp_path, compiler, sources) for _ in range(2)]
    assert [builder.communicate()[0].splitlines()[-1] for builder in builders] == ["42", "42"]
    assert runs.read_text().count("run") == 3


def test_a_file_that_is_no_library_is_replaced_at_the_next_start(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "sources", ANSWER)
    compiler = real_compiler().path
    # Built by another process, because a library opened once stays open here whatever becomes of its file.
    start_build(tmp_path, compiler, sources).communicate()
    (built,) = (tmp_path / "native").glob("*.so")
    built.write_bytes(b"\0" * 100)
    with pytest.raises(KernelsUnavailable, match="don't load"):
        KernelLibrary(tmp_path, compiler, sources=sources).open()
    assert KernelLibrary(tmp_path, compiler, sources=sources).open().answer() == 42


def test_a_library_with_another_interface_is_refused(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "sources")
    (sources / "part0.cpp").write_text('extern "C" int inkling_abi_version() { return 999; }')
    with pytest.raises(KernelsUnavailable, match="interface 999"):
        KernelLibrary(tmp_path, real_compiler().path, sources=sources).open()


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    real_compiler()
    (tmp_path / "native").write_text("a file where the folder should be")
    with pytest.raises(KernelsUnavailable, match="I can't keep the compiled kernels"):
        KernelLibrary(tmp_path).open()
