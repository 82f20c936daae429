"""AWS credentials that nobody has, in a file as people keep them."""

from __future__ import annotations

from pathlib import Path

from botocore.credentials import Credentials

PROFILE = "writer"
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


def keys_in(folder: Path) -> dict[str, str]:
    """The variables that lead to them, and to nothing else."""
    file = folder / "credentials"
    file.write_text(f"[{PROFILE}]\naws_access_key_id={KEYS.access_key}\naws_secret_access_key={KEYS.secret_key}\n")
    return {
        "AWS_SHARED_CREDENTIALS_FILE": str(file),
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
