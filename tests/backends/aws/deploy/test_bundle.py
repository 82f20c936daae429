"""What is sent: the functions' zips, Inkling's wheel, and the versions a machine installs."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import boto3
import pytest

from backends.aws.calls import AwsFailed
from backends.aws.deploy.archive import make_zip, read_zip
from backends.aws.deploy.bundle import (
    AMONG_LAMBDA,
    FOR_MODELS,
    FUNCTIONS,
    WORKER,
    DownloadedWheels,
    InstalledPackages,
    bundle,
)
from backends.aws.deploy.image import build_context
from backends.aws.deploy.reach import distributions_of, reach_of
from backends.aws.deploy.wheel import build_wheel, requirements

MOST_BYTES = 10_000_000
"""Of the functions' zip. A cold start reads it all."""
HANDLERS = [f"{name}.handler" for name in FUNCTIONS]
ABSENT = {"torch", "transformers", "aiohttp", "discord", "slack_sdk", "matplotlib", "bots", "generation", "typer"}


@pytest.fixture(scope="module")
def functions() -> dict[str, bytes]:
    return read_zip(bundle(FUNCTIONS, InstalledPackages()))


def test_the_functions_zip_holds_what_they_need_and_little_else(functions: dict[str, bytes]) -> None:
    tops = {name.partition("/")[0].partition("-")[0].removesuffix(".py") for name in functions}
    assert {"backends", "config", "pydantic", "pydantic_core", "structlog", "ulid"} <= tops
    assert not tops & {*ABSENT, "boto3", "botocore"}
    assert "backends/store/sqlite.py" not in functions
    assert sum(map(len, functions.values())) < MOST_BYTES


def test_the_same_code_gives_the_same_bytes(functions: dict[str, bytes]) -> None:
    zipped = bundle(FUNCTIONS, InstalledPackages())
    assert hashlib.sha256(zipped).digest() == hashlib.sha256(make_zip(dict(reversed(functions.items())))).digest()
    assert build_wheel() == build_wheel()


def test_the_worker_s_zip_can_ask_a_server_and_has_no_model(tmp_path: Path) -> None:
    files = read_zip(bundle(WORKER, InstalledPackages(), AMONG_LAMBDA + FOR_MODELS))
    tops = {name.partition("/")[0] for name in files}
    assert "aiohttp" in tops
    assert not tops & {"torch", "transformers", "numpy", "discord", "bots"}


@pytest.mark.slow
def test_the_functions_start_from_their_zip_alone(functions: dict[str, bytes], tmp_path: Path) -> None:
    """With nothing beside it but boto3, as in Lambda."""
    for name, content in functions.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    lambdas_own = tmp_path.parent / "lambda-own"
    lambdas_own.mkdir()
    site = Path(boto3.__file__).parents[1]
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3"):
        (lambdas_own / name).symlink_to(site / name)
    program = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(lambdas_own)!r}]\n"
        f"import importlib\n"
        f"for name in {HANDLERS!r}:\n"
        "    module, _, function = name.rpartition('.')\n"
        "    assert callable(getattr(importlib.import_module(module), function))\n"
        f"assert not {ABSENT!r} & set(sys.modules)\n"
    )
    # -I -S: neither this folder nor any site-packages.
    run = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_what_only_type_checkers_import_is_not_reached() -> None:
    assert not any(name.startswith("types_boto3") for name in reach_of(FUNCTIONS).imports)


def test_what_is_left_out_takes_what_only_it_needs_with_it() -> None:
    assert "botocore" in distributions_of({"boto3"})
    assert distributions_of({"boto3"}, without=("boto3",)) == {}


def test_pip_s_reason_is_told_in_one_sentence() -> None:
    nowhere = DownloadedWheels("x86_64", options=("--no-index",))
    with pytest.raises(AwsFailed, match=r"pip could not fetch what the functions need: .*inkling-no-such"):
        nowhere.files({"inkling-no-such-package": "0.0.0"})


@pytest.mark.slow
def test_the_wheel_installs_and_says_its_version(tmp_path: Path) -> None:
    wheel = build_wheel()
    file = tmp_path / wheel.name
    file.write_bytes(wheel.content)
    target = tmp_path / "there"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*command, str(file)], check=True, capture_output=True)
    (found,) = metadata.distributions(name="inkling", path=[str(target)])
    assert wheel.name == f"inkling-{found.version}-py3-none-any.whl"
    assert found.version.startswith(f"{metadata.version('inkling')}+")
    for name in (
        "generation/native/network.cpp",
        "backends/aws/worker/inkling-worker.service",
        "bots/web/page/main.js",
    ):
        assert (target / name).is_file()
    assert (target / "backends/aws/deploy/inkling-setup.service").is_file()


def test_a_machine_installs_torch_for_the_processor_and_the_versions_of_here() -> None:
    lines = requirements().splitlines()
    assert lines[0] == "--extra-index-url https://download.pytorch.org/whl/cpu"
    pinned = dict(line.split("==") for line in lines[1:])
    assert {"torch", "transformers", "boto3", "aiohttp", "pydantic"} <= pinned.keys()
    assert pinned["pydantic"] == metadata.version("pydantic")
    assert "+" not in pinned["torch"]
    assert not [name for name in pinned if name.startswith(("nvidia", "discord", "matplotlib", "slack", "types-"))]


def test_the_image_is_made_of_what_its_dockerfile_copies() -> None:
    context = build_context()
    (wheel,) = [name for name in context if name.endswith(".whl")]
    assert context.keys() == {"Dockerfile", "requirements.txt", wheel}
    for line in context["Dockerfile"].decode().splitlines():
        if line.startswith("COPY"):
            assert line.split()[1] in {"requirements.txt", "*.whl"}
