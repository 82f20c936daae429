"""Where this installation keeps requests and settings."""

from __future__ import annotations

from pathlib import Path

from config.settings import Settings


def database_path(settings: Settings) -> Path:
    return settings.data_dir / "inkling.db"
