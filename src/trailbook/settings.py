"""Configuration: a TOML file, overridden by the environment."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from .errors import BadFile

PREFIX = "TRAILBOOK_"
DEFAULT_FILE = "trailbook.toml"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """What an installation decides once. `mask`: paths whose values are never stored, such as `data.password`."""

    store: str = "trailbook.db"
    zone: str = "UTC"
    locale: str = "en"
    mask: tuple[str, ...] = ()


def load_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of `trailbook.toml` in this folder, or of the file that TRAILBOOK_CONFIG names; each can be given
    as TRAILBOOK_STORE, TRAILBOOK_ZONE, TRAILBOOK_LOCALE and TRAILBOOK_MASK (comma-separated) too. Raises BadFile.
    """
    named = environment.get(f"{PREFIX}CONFIG", "")
    path = Path(named or DEFAULT_FILE)
    values: dict[str, object] = _read(path) if named or path.is_file() else {}
    for field in Settings.__struct_fields__:
        if (given := environment.get(PREFIX + field.upper())) is not None:
            values[field] = [one for one in given.split(",") if one] if field == "mask" else given
    try:
        return msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        known = ", ".join(Settings.__struct_fields__)
        raise BadFile(f"A setting does not fit: {error}.", place=str(path), remedy=f"Known are: {known}.") from error


def _read(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise BadFile(
            f"The settings cannot be read: {error.strerror}.", place=str(path), remedy="Check TRAILBOOK_CONFIG."
        ) from error
    except ValueError as error:  # of TOML, of UTF-8, or of a number of too many digits
        raise BadFile(f"The settings are not valid TOML: {error}.", place=str(path), remedy="Correct it.") from error
    except RecursionError:
        raise BadFile("The settings are nested too deeply.", place=str(path), remedy="Correct it.") from None
