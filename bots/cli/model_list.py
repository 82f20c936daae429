"""The models by name, whether they are on this disk, and what each backend offers."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from backends.factory import Backends
from backends.protocol import Backend
from config.errors import InklingError
from config.settings import Settings
from generation.catalogue import CATALOGUE, CatalogueModel
from generation.model_cache import ModelCache
from generation.model_source import find_packaged_gguf

ANSWER_WITHIN_S = 2.0


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class KnownModel(_Part):
    name: str
    description: str
    hub_id: str | None
    on_disk: bool


class BackendOffer(_Part):
    """`models`: the default first; empty, with `trouble` in a sentence, when the backend doesn't answer quickly."""

    name: str
    kind: str
    models: tuple[str, ...]
    trouble: str


class ModelList(_Part):
    models: tuple[KnownModel, ...]
    backends: tuple[BackendOffer, ...]


async def list_models(settings: Settings) -> ModelList:
    """Starts no engine; asks remote servers for at most two seconds."""
    backends = Backends.from_settings(settings)
    try:
        offers = await asyncio.gather(
            *(_offer(backends.get(name), settings.backends[name].kind) for name in backends.names)
        )
    finally:
        await backends.aclose()
    return ModelList(models=tuple(_known(model, settings.cache_dir) for model in CATALOGUE), backends=tuple(offers))


async def _offer(backend: Backend, kind: str) -> BackendOffer:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return BackendOffer(name=backend.name, kind=kind, models=await backend.models(), trouble="")
    except TimeoutError:
        trouble = f"{backend.name} doesn't answer within {ANSWER_WITHIN_S:g} s."
    except InklingError as error:
        trouble = error.sentence
    return BackendOffer(name=backend.name, kind=kind, models=(), trouble=trouble)


def _known(model: CatalogueModel, cache_dir: Path) -> KnownModel:
    return KnownModel(
        name=model.name, description=model.description, hub_id=model.hub_id, on_disk=_is_here(model, cache_dir)
    )


def _is_here(model: CatalogueModel, cache_dir: Path) -> bool:
    if model.package is not None:
        return find_packaged_gguf(model.package) is not None
    # The hub's own layout: models--owner--name/snapshots/revision, made when everything is there.
    folder = ModelCache(cache_dir).hub / f"models--{(model.hub_id or model.name).replace('/', '--')}" / "snapshots"
    return any(path.suffix == ".safetensors" for path in folder.glob("*/*"))
