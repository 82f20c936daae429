"""The house rules on who may import what, and on what modules look like."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("config", "generation", "backends", "bots")
# Modules that exist to use one library, such as a platform's: they alone may import it.
LIBRARY_ROOMS = (
    "backends.aws",
    "backends.store.dynamodb",
    "bots.discord_bot",
    "bots.insight.drawing",
    "bots.slack_bot",
)
HEAVY = {
    "torch",
    "transformers",
    "tokenizers",
    "accelerate",
    "boto3",
    "botocore",
    "discord",
    "matplotlib",
    "slack_bolt",
    "slack_sdk",
}
# Which of our packages may import which library, wherever in a module the import stands.
HOMES = {
    "torch": "generation",
    "transformers": "generation",
    "tokenizers": "generation",
    "safetensors": "generation",
    "gguf": "generation",
    "accelerate": "generation",
    "boto3": "backends",
    "botocore": "backends",
    "discord": "bots.discord_bot",
    "matplotlib": "bots.insight.drawing",
    "slack_bolt": "bots.slack_bot",
    "slack_sdk": "bots.slack_bot",
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
LONGEST_FILE = 400


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def reads_environment(path: Path) -> bool:
    """Whether a module names os.environ, os.getenv or their like, under whatever name it imported them.

    Setting one variable, as `os.environ["X"] = "1"`, is how libraries are told things, and reads nothing.
    """
    names = {"environ", "environb", "getenv", "getenvb", "putenv"}
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    set_in = {node.value for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "os" and names & {alias.name for alias in node.names}:
            return True
        named = isinstance(node, ast.Attribute) and node.attr in names and isinstance(node.value, ast.Name)
        if named and node not in set_in:
            return True
    return False


def test_there_are_modules() -> None:
    assert set(ROOMS) <= set(MODULES)


def test_bot_process_imports_nothing_heavy() -> None:
    light = [
        name
        for name in MODULES
        if (is_in(name, "bots") or is_in(name, "backends") or is_in(name, "config"))
        and not any(is_in(name, room) for room in LIBRARY_ROOMS)
    ]
    program = (
        "import importlib, sys\n"
        f"for name in {light!r}:\n"
        "    importlib.import_module(name)\n"
        f"    heavy = sorted({HEAVY!r} & set(sys.modules))\n"
        "    assert not heavy, f'{name} imports {heavy}'\n"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", MODULES)
def test_libraries_stay_in_their_rooms(name: str) -> None:
    for imported in imports_of(MODULES[name]):
        home = HOMES.get(imported.partition(".")[0])
        assert home is None or is_in(name, home), f"{name} imports {imported}, which belongs in {home}"


def test_layers_hold() -> None:
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", [name for name in MODULES if not is_in(name, "config")])
def test_environment_is_read_in_config_only(name: str) -> None:
    assert not reads_environment(MODULES[name])


def test_environment_is_read_in_one_module() -> None:
    assert [name for name, path in MODULES.items() if is_in(name, "config") and reads_environment(path)] == [
        "config.settings"
    ]


@pytest.mark.parametrize("name", MODULES)
def test_module_is_named_for_what_it_is(name: str) -> None:
    assert not FORBIDDEN_NAMES & set(name.split("."))


@pytest.mark.parametrize("name", MODULES)
def test_module_says_what_it_is(name: str) -> None:
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body, f"{name} has no docstring"


def test_no_file_is_long() -> None:
    ours = [path for room in (*ROOMS, "tests", "benchmarks") for path in (ROOT / room).rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in ours}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}
