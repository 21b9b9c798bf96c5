"""Configuration: a TOML file, overridden by the environment; what each setting means is said here and nowhere else."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from .errors import BadFile

PREFIX = "TRAILBOOK_"
DEFAULT_FILE = "trailbook.toml"

Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(ip_network)]


def _listed(given: object) -> object:
    return [one.strip() for one in given.split(",") if one.strip()] if isinstance(given, str) else given


def _base_address(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query):
        raise ValueError("write it as https://audit.example.com, without a path")
    return url.rstrip("/")


def _store_name(store: str) -> str:
    if "://" in store and not store.startswith(("postgresql://", "postgres://")):
        raise ValueError("write the path of a file, or postgresql://user@host/database")
    return store


def _says(meaning: str, **bounds: Any) -> Any:
    return Field(description=meaning, **bounds)


class Settings(BaseSettings):
    """What an installation decides once. Made from arguments alone; `load_settings` reads files and the environment.

    Raises pydantic's ValidationError for a name that is none, or a value that does not fit.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_default=True)

    store: Annotated[
        str,
        AfterValidator(_store_name),
        _says("The file that events are kept in, or the postgresql:// URL of a database."),
    ] = "trailbook.db"
    zone: Annotated[str, _says("The time zone of reports, by its IANA name.")] = "UTC"
    locale: Annotated[str, _says("The language that dates and numbers are written in.")] = "en"
    fonts: Annotated[
        str, _says("A folder of TrueType fonts that PDFs are drawn with, before those where fonts usually are.")
    ] = ""
    mask: Annotated[
        tuple[str, ...], BeforeValidator(_listed), _says("Paths whose values are never stored, such as data.password.")
    ] = ()

    host: Annotated[str, _says("The address that the server listens on.", min_length=1)] = "127.0.0.1"
    port: Annotated[int, _says("The port that the server listens on; 0: any that is free.", ge=0, le=65_535)] = 8080
    workers: Annotated[int, _says("Processes that answer requests.", ge=1, le=64)] = 1
    url: Annotated[
        str, AfterValidator(_base_address), _says("The address that people open; empty: the host and port above.")
    ] = ""
    trusted_proxies: Annotated[
        tuple[Network, ...],
        BeforeValidator(_listed),
        _says("Networks of the proxies in front, whose word on where a request came from is believed."),
    ] = ()
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _says("How much the server tells.")] = "info"

    threads: Annotated[int, _says("Reads that run at the same time, in each process.", ge=1, le=256)] = 8
    query_seconds: Annotated[float, _says("How long a query may take.", gt=0, le=3600)] = 10.0

    max_body_bytes: Annotated[ByteSize, _says("The largest body that is taken, as sent.", ge=1024)] = ByteSize(16 << 20)
    max_batch_bytes: Annotated[ByteSize, _says("The largest batch of events, unpacked.", ge=1024)] = ByteSize(64 << 20)
    max_batch_events: Annotated[int, _says("The most events in a batch.", ge=1, le=100_000)] = 10_000
    queue_events: Annotated[int, _says("Events that may wait to be stored, in each process.", ge=1)] = 50_000
    queue_bytes: Annotated[ByteSize, _says("Bytes of events that may wait.", ge=1024)] = ByteSize(128 << 20)
    events_per_second: Annotated[float, _says("What a tenant may send; 0: no bound.", ge=0)] = 0
    key_events_per_second: Annotated[float, _says("What a key may send; 0: no bound.", ge=0)] = 0
    reserve_bytes: Annotated[
        ByteSize, _says("Room on the disk that is kept for what is seen and changed in Trailbook.", ge=0)
    ] = ByteSize(64 << 20)

    worker: Annotated[bool, _says("Whether the server does what waits for its time; else run `trailbook worker`.")] = (
        True
    )
    export_folder: Annotated[
        str, _says("The folder of files made of reports; empty: beside the store's file (a database has none).")
    ] = ""
    export_bytes: Annotated[ByteSize, _says("The most bytes of such files together.", ge=1 << 20)] = ByteSize(4 << 30)
    export_days: Annotated[float, _says("How long such a file is kept.", gt=0, le=3650)] = 7
    schedule_minutes: Annotated[
        int, _says("How many minutes are between two runs of a schedule at least.", ge=1, le=1_440)
    ] = 5
    tenant_schedules: Annotated[int, _says("Schedules that a tenant may have.", ge=1, le=1_000)] = 500
    tenant_alerts: Annotated[int, _says("Alerts that a tenant may have.", ge=1, le=1_000)] = 200
    exports_waiting: Annotated[int, _says("Exports that an account or key may have waiting.", ge=1, le=1_000)] = 10

    session_hours: Annotated[float, _says("How long one may stay signed in.", gt=0, le=8760)] = 12
    idle_minutes: Annotated[float, _says("How long one stays signed in without doing anything.", gt=0, le=525_600)] = 60
    openid_issuer: Annotated[str, _says("The OpenID Connect provider to sign in with; empty: none.")] = ""
    openid_client: Annotated[str, _says("The client id that the provider knows Trailbook by.")] = ""
    openid_secret: Annotated[SecretStr, _says("The client secret of that id.")] = SecretStr("")

    mail_host: Annotated[str, _says("The SMTP server that mail is sent through; empty: none.")] = ""
    mail_port: Annotated[int, _says("The port of that server.", ge=1, le=65_535)] = 587
    mail_security: Annotated[
        Literal["starttls", "tls", "none"], _says("How the way to it is kept secret; none: not at all.")
    ] = "starttls"
    mail_ca: Annotated[str, _says("A file of the authorities that its certificate may be of; empty: the usual.")] = ""
    mail_user: Annotated[str, _says("The name to sign in to it with; empty: without.")] = ""
    mail_password: Annotated[SecretStr, _says("The password to sign in to it with.")] = SecretStr("")
    mail_from: Annotated[str, _says("Whom mail is from, such as Trailbook <audit@example.com>.")] = ""
    mail_reply_to: Annotated[str, _says("The address that answers go to; empty: the one above.")] = ""
    mail_attach_bytes: Annotated[ByteSize, _says("The largest files that a mail carries.", ge=0)] = ByteSize(10 << 20)
    deliver_folder: Annotated[str, _says("The folder below which files are delivered; empty: none.")] = ""
    deliver_folder_bytes: Annotated[ByteSize, _says("How much that folder may hold in all.", ge=0)] = ByteSize(10 << 30)
    webhook_secret: Annotated[
        SecretStr, _says("What webhooks are signed with, 32 characters or more; empty: no webhooks.")
    ] = SecretStr("")
    webhook_networks: Annotated[
        tuple[Network, ...], BeforeValidator(_listed), _says("Private networks that webhooks may go to all the same.")
    ] = ()
    send_seconds: Annotated[
        float, _says("How long a mail server or webhook may take for each of its answers.", gt=0, le=600)
    ] = 30

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments alone: which environment is read is said by whoever asks `load_settings` for one."""
        return (init_settings,)

    @property
    def address(self) -> str:
        """The address that people open, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.url or f"http://{host}:{self.port}"


def load_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of `trailbook.toml` in this folder, or of the file that TRAILBOOK_CONFIG names.

    The environment wins over it: a setting `store` is TRAILBOOK_STORE there, lists separated by commas. Raises BadFile.
    """
    values, sources = _given(environment)
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            problem, remedy = f"There is no setting `{name}`", f"Known are: {', '.join(Settings.model_fields)}."
        else:
            reason = first["msg"].removeprefix("Value error, ")
            problem, remedy = f"The setting `{name}` does not fit: {reason}", f"It is: {_meaning(name)}"
        raise BadFile(f"{problem}.", place=sources[name], remedy=remedy) from error


def sources_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Where each setting that is not the default comes from: the file, or the variable. Raises BadFile."""
    return _given(environment)[1]


def _meaning(name: str) -> str:
    return Settings.model_fields[name].description or ""


def _given(environment: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    named = environment.get(f"{PREFIX}CONFIG", "")
    path = Path(named or DEFAULT_FILE)
    values = _read(path) if named or path.is_file() else {}
    sources = dict.fromkeys(values, str(path))
    for name in Settings.model_fields:
        variable = PREFIX + name.upper()
        if variable in environment:
            values[name], sources[name] = environment[variable], variable
    return values, sources


def _read(path: Path) -> dict[str, Any]:
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
