"""Settings files and environments to load in a test, far from the machine's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from config.settings import Settings, load_settings
from tests.fakes.sentences import refusal_of


class SettingsFolder:
    """A folder with an inkling.toml; loads it with a given environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "inkling.toml"

    def load(self, toml: str | bytes = "", environ: Mapping[str, str] | None = None) -> Settings:
        self.file.write_bytes(toml if isinstance(toml, bytes) else toml.encode())
        return load_settings(self.file, environ or {})

    def refusal(self, toml: str | bytes = "", **environ: str) -> str:
        """What `toml` with these variables (named without INKLING_) is refused with."""
        sentence = refusal_of(lambda: self.load(toml, {f"INKLING_{name}": value for name, value in environ.items()}))
        assert sentence is not None, "these settings are accepted"
        return sentence
