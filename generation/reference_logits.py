"""What transformers' network says to a fixed text, in fp32: kept on disk, for faster paths to be held against."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import torch
from safetensors.torch import load_file, save_file

from generation.whole_file import written_whole

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_TOKENS = 48
_VERSION = 1

log = structlog.get_logger(__name__)


class ReferenceLogits:
    """Of the model in `folder`; a change of its files makes them another model's."""

    def __init__(self, cache_dir: Path, folder: Path, vocabulary: int, positions: int) -> None:
        self._path = cache_dir / "reference" / f"{_key(folder)}.safetensors"
        generator = torch.Generator().manual_seed(0)
        self.token_ids: tuple[int, ...] = tuple(
            torch.randint(vocabulary, (min(_TOKENS, positions),), generator=generator).tolist()
        )

    def load(self) -> torch.Tensor | None:
        """[token, vocabulary]; None when they were not recorded, or can't be read: then they can be recorded anew."""
        try:
            logits = load_file(self._path)["logits"]
            if len(logits) != len(self.token_ids):
                raise ValueError("these are of another text")
        except Exception as error:
            if self.recorded:
                log.warning("reference_unreadable", error=type(error).__name__)
                with contextlib.suppress(OSError):
                    self._path.unlink()
            return None
        return logits

    @property
    def recorded(self) -> bool:
        return self._path.exists()

    @torch.inference_mode()
    def record(self, network: PreTrainedModel) -> None:
        """Run the network once; raises OSError when the cache can't be written."""
        logits = network(input_ids=torch.tensor([self.token_ids])).logits[0].float().contiguous()
        with written_whole(self._path) as part:
            save_file({"logits": logits}, part)


def _key(folder: Path) -> str:
    """From the names, sizes and times of change of the model's files."""
    digest = hashlib.sha256(str(_VERSION).encode())
    for path in [*sorted(folder.glob("*.safetensors")), folder / "config.json"]:
        facts = path.stat()
        digest.update(f"{path.resolve()}:{facts.st_size}:{facts.st_mtime_ns}".encode())
    return digest.hexdigest()[:24]
