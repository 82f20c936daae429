"""Which of our modules a program reaches by its imports, and which foreign packages it needs for that."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import config

ROOT = Path(config.__file__).parents[1]
PACKAGES = ("backends", "bots", "config", "generation")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Reach:
    files: tuple[str, ...]
    """Of ours, below ROOT, sorted."""
    imports: frozenset[str]
    """Top-level names that are not ours: "pydantic", and Python's own."""


def reach_of(entries: Iterable[str]) -> Reach:
    """What these modules import, wherever in a module that stands; not what only type checkers see."""
    found: dict[str, Path] = {}
    foreign: set[str] = set()
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        if path is None or name in found:
            continue
        found[name] = path
        waiting += [name.rpartition(".")[0]] if "." in name else []
        for imported in _imports_of(path):
            if imported.partition(".")[0] in PACKAGES:
                waiting.append(imported)
            else:
                foreign.add(imported.partition(".")[0])
    return Reach(tuple(sorted(str(path.relative_to(ROOT)) for path in found.values())), frozenset(foreign))


def distributions_of(imports: Iterable[str], without: Iterable[str] = ()) -> dict[str, str]:
    """The installed distributions behind these imports, and what they need in turn, with their versions; none of
    `without`, nor what only those need."""
    providers = metadata.packages_distributions()
    left_out = {_canonical(name) for name in without}
    waiting = [_canonical(name) for imported in imports for name in providers.get(imported, ())]
    found: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name in found or name in left_out or name == "inkling":
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # for another Python or system
        found[name] = distribution.version.partition("+")[0]
        waiting += [_canonical(need) for need in _needs(distribution)]
    return dict(sorted(found.items()))


def _needs(distribution: metadata.Distribution) -> Iterator[str]:
    for requirement in distribution.requires or ():
        name = _NAME.match(requirement)
        if name and "extra ==" not in requirement:
            yield name.group()


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _file_of(module: str) -> Path | None:
    """None for what is a name in a module, not a module."""
    base = ROOT.joinpath(*module.split("."))
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)


def _imports_of(path: Path) -> Iterator[str]:
    for node in _walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)
