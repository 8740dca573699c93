"""The fixed sets: each file's versions with their checksums, so that none changes unnoticed."""

import hashlib
from pathlib import Path

from pydantic import RootModel, field_validator

from triage_agent.errors import SettingsError
from triage_agent.files import folder, load_toml, open_regular


class Manifest(RootModel[dict[str, dict[int, str]]]):
    """For each file its versions, each with the SHA-256 of the file's bytes."""

    @field_validator("root")
    @classmethod
    def every_file_has_a_version(
        cls, files: dict[str, dict[int, str]]
    ) -> dict[str, dict[int, str]]:
        """Refuse a file without a version."""
        if empty := [name for name, versions in files.items() if not versions]:
            raise ValueError(f"{empty[0]} has no version")
        return files


def checked(name: str, evals: Path | None = None) -> tuple[Path, int]:
    """Return the path of a fixed set and its version.

    Raises `SettingsError` if the file is not the one whose checksum the manifest holds under the
    newest version: figures of two contents must not go by one name.
    """
    evals = evals or folder("evals")
    path = evals / name
    files = load_toml(evals / "manifest.toml", Manifest).root
    if name not in files:
        raise SettingsError(f"{evals / 'manifest.toml'} does not name {name}. Add it.")
    version = max(files[name])
    found = digest(path)
    if found != files[name][version]:
        raise SettingsError(
            f"{path} is not version {version}: its content has changed. Restore it; or, if the "
            f'change is meant, raise the version: add {version + 1} = "{found}" under '
            f'["{name}"] in manifest.toml.'
        )
    return path, version


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SettingsError(
            f"The file {path} cannot be read: {error.strerror}. Check it; if it is one of ours, "
            "reinstall triage-agent."
        ) from error
