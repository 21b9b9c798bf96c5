"""Commands that look something up: show, facets, columns."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING

import click

from ..directory.viewer import Viewer
from ..directory.visible import People
from ..errors import BadInput
from ..query.excerpt import quoted, visible
from ..render.event import write as write_event
from ..report.asked import ask
from ..report.clock import Clock, locale_named, zone_named
from ..report.columns import COLUMNS, DEFAULT_COLUMNS
from ..report.definition import Definition
from ..report.detail import details
from ..store.ports import FACET_FIELDS
from .completion import complete_query
from .root import AS, QueryCommand, now, one_query, opened, options_for_screen

if TYPE_CHECKING:
    from ..settings import Settings

_WHERE_IDS_ARE = "Copy it from the column Audit - ID: trailbook report --columns id,date_time,details."


@click.command("show", short_help="Show everything of one event.")
@click.argument("id")
@click.option("--tz", "zone", metavar="ZONE", help="The time zone of the times shown.")
@click.option("--locale", metavar="LOCALE", help="How dates are written.")
@AS
@click.pass_obj
def show(settings: Settings, id: str, zone: str | None, locale: str | None, viewer: Viewer) -> None:
    """Show everything of the event with this ID, changes before and after.

    \b
      trailbook report user:alice --columns id,date_time,details    where an ID is found
    """
    clock = Clock(zone_named(zone or settings.zone), locale_named(locale or settings.locale), seconds=True, offset=True)
    whole = _whole_id(id)
    with opened(settings) as store:
        found = store.events(viewer, whole)
    if not found:
        raise BadInput("There is no event with this id that you may see.", place=whole, remedy=_WHERE_IDS_ARE)
    for number, row in enumerate(found):
        if number:
            click.echo()
        write_event(details(row, clock, viewer), sys.stdout, options_for_screen())


def _whole_id(text: str) -> str:
    try:
        whole = str(uuid.UUID(text))
    except ValueError:
        whole = ""
    if whole != text.lower():
        raise BadInput(
            f"{quoted(text)} is no id of an event: that is a whole UUID, 36 characters long.", remedy=_WHERE_IDS_ARE
        )
    return whole


@click.command("facets", cls=QueryCommand, short_help="List the most frequent users, actions and so on.")
@click.argument("field", required=False, type=click.Choice(FACET_FIELDS), metavar="[FIELD]")
@click.argument("query", nargs=-1, metavar="[QUERY]", shell_complete=complete_query)
@click.option(
    "--limit", metavar="N", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many values."
)
@click.option("--tz", "zone", metavar="ZONE", help="The time zone of periods in the query.")
@AS
@click.pass_obj
def facets(
    settings: Settings, field: str | None, query: tuple[str, ...], limit: int, zone: str | None, viewer: Viewer
) -> None:
    """List the most frequent values of FIELD, or of every field, among the events that QUERY finds.

    \b
      trailbook facets                          an overview of everything
      trailbook facets user                     who does most
      trailbook facets action outcome:failure   what fails most

    FIELD is user, group, role, tenant (of who did it), action, resource, app, outcome, ip or book.
    """
    definition = Definition(query=one_query(query) or "", zone=zone or settings.zone)
    with opened(settings) as store:
        moment = now()
        found = ask(store, viewer, definition, now=moment, names=People(store.directory, viewer, moment).named)
        if field:
            found.hidden.check_counts(field)
        for number, one in enumerate([field] if field else filter(found.hidden.counts, FACET_FIELDS)):
            if number:
                click.echo()
            click.echo(one)
            for count in store.facet_counts(viewer, found.condition, one, limit=limit, heads=found.heads):
                name = f"  {visible(count.name)}" if count.name else ""
                click.echo(f"{count.events:>12,}  {visible(count.value) or '(empty)'}{name}")


@click.command("columns", short_help="List the columns that a report may have.")
def columns() -> None:
    """List the columns that a report may have."""
    left = max(map(len, COLUMNS)) + 2
    middle = max(len(column.label) for column in COLUMNS.values()) + 2
    for key, column in COLUMNS.items():
        mark = "*" if key in DEFAULT_COLUMNS else " "
        click.echo(f"{mark} {key:{left}}{column.label:{middle}}{column.shows}")
    click.echo("\n* shown by default. # of rows is in the header, or beside each group.")
