"""Commands that move a trail: copy to another store, migrate to this version."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from ..errors import BadInput
from ..event.wording import counted
from ..query.excerpt import visible
from ..store.address import shown
from ..store.copying import check_target, copy_trail
from ..wiring import migrate_store, open_store
from .output import same_file
from .root import progress

if TYPE_CHECKING:
    from ..settings import Settings


@click.command("copy", short_help="Copy a whole trail into another store.")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy the trail in the store FROM into the store TO: each a file, or a URL of PostgreSQL.

    Events keep their ids, bytes and places in their books, so that heads noted earlier hold for the copy too; the
    directory, accounts, keys, sessions and saved reports come along. TO is a new store, or one with an earlier copy.

    What is in FROM at the start is copied; run it again for what came since, or after it was interrupted: it goes on
    where it was. Nobody else may write to TO before it is done.
    """
    if source == target or same_file(source, target):
        raise BadInput("This is the store that is copied from.", place=shown(target), remedy="Name another.")
    with closing(open_store(source)) as original, closing(open_store(target, create=True)) as store:
        with progress("Checking what is there", 0, numbers=True) as tell:
            start = check_target(original, store, tell)
        with progress("Copying", 0, numbers=True) as tell:
            done = copy_trail(original, store, start, tell)
    before = f" ({done.before:,} were there)" if done.before else ""
    click.echo(
        f"{counted(done.events, 'event')} copied{before}; {counted(done.books, 'book')} with the same heads, "
        f"{counted(done.records, 'record')}."
    )


@click.command("migrate", short_help="Bring the store to this version of Trailbook.")
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Bring the store to the version that this Trailbook knows, and make it if it is not there.

    Running it again changes nothing, and two at once wait for one another. A file is also brought up by whatever
    command opens it. A store on PostgreSQL needs this command before its first use and after an update, as a role
    that may make what is missing.
    """
    done = migrate_store(settings.store)
    where = visible(shown(settings.store))
    if done.before == done.after:
        click.echo(f"{where} is up to date (version {done.after}).")
    elif done.before:
        click.echo(f"{where} was brought from version {done.before} to version {done.after}.")
    else:
        click.echo(f"{where} was made (version {done.after}).")
