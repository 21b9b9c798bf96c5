"""Commands about people: directory import, directory list."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..directory.load import load
from ..directory.merge import merge
from ..directory.viewer import Viewer
from ..directory.visible import visible_profiles
from ..errors import BadInput
from ..event.model import KINDS
from ..event.wording import counted
from ..query.excerpt import visible
from .root import AS, now, opened

if TYPE_CHECKING:
    from ..settings import Settings


@click.group("directory", short_help="Import and list who there is.")
def directory() -> None:
    """Who there is: users, groups, roles and tenants, and who belonged to what when."""


@directory.command("import", short_help="Import users, groups, roles and tenants.")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option(
    "--as-of", metavar="TIME", help="Since when what carries no date of its own holds (else now): 2021-11-01T00:00:00Z."
)
@click.pass_obj
def import_directory(settings: Settings, file: Path, as_of: str | None) -> None:
    """Import users, groups, roles, tenants and memberships from JSON or CSV.

    Events get what their producer left out from here, as of the time they occurred. Nothing that is known is
    rewritten: a new name or membership ends the one before.
    """
    incoming = load(file)
    since = _moment(as_of) if as_of else now()
    with opened(settings, create=True) as store:
        changes = store.change_directory(lambda known: merge(known, incoming, since))
    added = len(changes.added_profiles) + len(changes.added_memberships)
    closed = len(changes.closed_profiles) + len(changes.closed_memberships)
    click.echo(
        f"{visible(str(file))}: {counted(added, 'entry', 'entries')} added, {closed:,} ended; "
        f"those without a date hold since {since:%Y-%m-%d %H:%M} UTC"
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise BadInput(f"'{text}' is no time with a zone.", place="--as-of", remedy="Write 2021-11-01T00:00:00Z.")
    return moment


@directory.command("list", short_help="List who is known.")
@click.option("--kind", type=click.Choice(KINDS), help="Only these.")
@AS
@click.pass_obj
def list_directory(settings: Settings, kind: str | None, viewer: Viewer) -> None:
    """List who is known, under which names, and when."""
    with opened(settings) as store:
        known = store.directory()
    profiles = (one for one in visible_profiles(known, viewer) if kind in (None, one.kind))
    for one in sorted(profiles, key=lambda one: (one.kind, one.tenant, one.id, str(one.valid_from))):
        since = f" since {one.valid_from:%Y-%m-%d}" if one.valid_from else ""
        until = f" until {one.valid_to:%Y-%m-%d}" if one.valid_to else ""
        click.echo(f"{one.kind:8}{visible(one.tenant)}/{visible(one.id)}  {visible(one.name)}{since}{until}")
