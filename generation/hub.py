"""Models from the hub: what is saved already is used without a network; else only the needed files are fetched."""

from __future__ import annotations

import io
from pathlib import Path

import structlog
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.hf_api import ModelInfo
from tqdm.auto import tqdm

from config.errors import BackendUnavailable, InvalidSettings
from generation.catalogue import DEFAULT_MODEL, MODEL_BY_NAME, suggest_model
from generation.load_progress import LoadProgress
from generation.model_files import WANTED_FILES, has_weights, is_complete, no_weights_sentence, wanted_files
from generation.model_source import HubSource

_ANSWER_S = 4.0
"""How long the hub may take to say what a model consists of: an unknown name has to fail quickly."""

log = structlog.get_logger(__name__)


class HubModels:
    """`folder` is where models are saved; those that other programs saved in `shared` are used too."""

    def __init__(self, folder: Path, shared: Path = Path(HF_HUB_CACHE), endpoint: str | None = None) -> None:
        self._folder = folder
        self._shared = shared
        self._endpoint = endpoint

    def fetch(self, source: HubSource, progress: LoadProgress) -> Path:
        """The model's folder. Raises InvalidSettings, or BackendUnavailable when trying again may help."""
        saved = self._saved(source)
        if saved is not None:
            return saved
        progress.begin(f"Looking for {source.name} on the hub.", 0.06)
        info = self._describe(source)
        return self._download(source, info, progress)

    def _saved(self, source: HubSource) -> Path | None:
        for cache in (self._folder, self._shared):
            try:
                found = Path(
                    snapshot_download(
                        source.repo_id, cache_dir=cache, local_files_only=True, allow_patterns=list(WANTED_FILES)
                    )
                )
            except (LocalEntryNotFoundError, OSError):
                continue
            if is_complete(found):
                return found
        return None

    def _describe(self, source: HubSource) -> ModelInfo:
        try:
            return HfApi(endpoint=self._endpoint).model_info(source.repo_id, files_metadata=True, timeout=_ANSWER_S)
        except GatedRepoError as error:
            raise InvalidSettings(
                f"{source.name} asks you to accept its terms on the hub first; then log in there with: hf auth login"
            ) from error
        except RepositoryNotFoundError as error:
            raise InvalidSettings(
                f'There is no model "{source.name}" on this machine or on the hub. {suggest_model(source.name)}'
            ) from error
        except Exception as error:
            # The hub's client lets the errors of its HTTP library through, and that library changes between releases.
            log.debug("hub_unreachable", error=type(error).__name__)
            raise InvalidSettings(_unreachable_sentence(source.name)) from error

    def _download(self, source: HubSource, info: ModelInfo, progress: LoadProgress) -> Path:
        sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
        wanted = wanted_files(sizes)
        if not has_weights(wanted):
            raise InvalidSettings(no_weights_sentence(source.name, sizes))
        total = sum(sizes[name] for name in wanted)
        progress.begin(f"Downloading {source.name}, {total / 1e6:,.0f} MB.", 0.75)
        try:
            folder = Path(
                snapshot_download(
                    source.repo_id,
                    cache_dir=self._folder,
                    allow_patterns=list(WANTED_FILES),
                    tqdm_class=_byte_counter(progress, total),
                    endpoint=self._endpoint,
                )
            )
        except Exception as error:
            raise self._broken_off(source, error) from error
        if not is_complete(folder):
            raise InvalidSettings(f"{source.name} lacks files on the hub: it has no tokenizer or no weights I can use.")
        return folder

    def _broken_off(self, source: HubSource, error: Exception) -> InvalidSettings | BackendUnavailable:
        if isinstance(error, OSError) and error.errno is not None and not isinstance(error, HfHubHTTPError):
            return InvalidSettings(f"I can't save {source.name} in {self._folder}: {error.strerror}.")
        log.debug("download_broke_off", error=type(error).__name__)
        return BackendUnavailable(f"The download of {source.name} broke off; started again, it goes on from there.")


def _unreachable_sentence(name: str) -> str:
    if name in MODEL_BY_NAME:
        return f"{name} is not on this machine and the hub can't be reached; connect once, or use {DEFAULT_MODEL}."
    return f'There is no model "{name}" on this machine and the hub can\'t be reached. {suggest_model(name)}'


def _byte_counter(progress: LoadProgress, total: int) -> type[tqdm]:
    """What the hub's client takes for a progress bar: shows nothing, passes on how much has come."""

    class ByteCounter(tqdm):  # type: ignore[misc]  # tqdm is untyped
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **(options | {"disable": False, "file": io.StringIO()}))

        def update(self, n: float | None = 1) -> bool | None:
            shown: bool | None = super().update(n)
            if self.unit == "B" and total:
                progress.advance(self.n / total)
            return shown

    return ByteCounter
