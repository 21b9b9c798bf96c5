"""Commands that ask: report, show, facets, columns."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from ..directory.viewer import parse_viewer
from ..errors import BadInput
from ..query.excerpt import visible
from ..query.language import parse
from ..query.resolve import resolve
from ..render import FORMATS, Options
from ..render.event import write as write_event
from ..report.clock import Clock, locale_named, zone_named
from ..report.columns import COLUMNS, DEFAULT_COLUMNS
from ..report.definition import Definition, from_dict, read_json, read_toml
from ..report.detail import details
from ..report.hidden import Hidden
from ..report.run import run
from ..settings import Settings
from ..store.ports import FACET_FIELDS
from ..wiring import directory_names, present_members
from .keeping import read_heads
from .root import now, opened, terminal_width

_AS = click.option(
    "--as", "viewer", default="root", metavar="VIEWER",
    help="See only what root, tenant:acme, groups:acme/g1,g2 or self:acme/u17 may see.",
)  # fmt: skip


@click.command("report")
@click.argument("query", required=False)
@click.option("--definition", metavar="FILE", help="A saved definition (.toml or .json); options override it.")
@click.option("--title", help="A title of your own.")
@click.option(
    "--columns", metavar="KEYS", help="Columns by key, comma-separated; `key=Label` renames (see `trailbook columns`)."
)
@click.option("--group-by", metavar="KEYS", help="Group by columns or hour, day, week, month, comma-separated.")
@click.option("--since", metavar="WHEN", help="From then on: 2021-11-01, 2021-11-01T14:00, -7d, yesterday ...")
@click.option("--until", metavar="WHEN", help="Until then; a day counts in full.")
@click.option("--during", metavar="PERIOD", help="today, last-month, 2021-11, 2021-11-01..2021-11-17 ...")
@click.option("--as-of", type=click.Choice(["then", "now"]), help="Members of groups and roles: of then, or of now.")
@click.option("--order", type=click.Choice(["newest", "oldest"]), help="Which rows come first.")
@click.option("--limit", type=click.IntRange(1), help="Show at most so many rows.")
@click.option("--tz", "zone", metavar="ZONE", help="The report's time zone, such as Europe/Berlin.")
@click.option("--locale", metavar="LOCALE", help="How dates are written, such as en, de or pt-BR.")
@click.option("--date-pattern", metavar="PATTERN", help="iso, short, medium, long, full or a CLDR pattern.")
@click.option("--seconds/--no-seconds", default=None, help="Show seconds.")
@click.option("--offset/--no-offset", default=None, help="Show the offset to UTC.")
@click.option("--full-data", is_flag=True, help="Spread out Data and Modified Data over lines.")
@click.option("--format", "format_name", type=click.Choice(list(FORMATS)), help="How it is written (else table).")
@click.option("-o", "--output", metavar="FILE", help="Write there instead of on the screen.")
@click.option("--raw", is_flag=True, help="CSV: do not guard spreadsheets from formulas.")
@click.option("--bom", is_flag=True, help="CSV: begin with a byte order mark.")
@click.option("--no-header", is_flag=True, help="Rows only, without what the report says of itself.")
@click.option("--heads", metavar="FILE", help="As of these heads of the books (see `trailbook head --json`).")
@_AS
@click.pass_obj
def report(settings: Settings, /, format_name: str | None, output: str | None, viewer: str, **given: object) -> None:
    """Print an Audit Trail Details Report of the events that QUERY finds.

    \b
      trailbook report 'user:alice'                         what Alice did, and what was done to her
      trailbook report 'against.user:alice action:update'   only what was done to her
      trailbook report 'outcome:failure' --during last-month --group-by day,action
      trailbook report 'group:"Call center" -resource:reports' --format csv -o report.csv
    """
    definition = _definition(settings, given)
    path = Path(output) if output else None
    name = format_name or (path.suffix.removeprefix(".").lower() if path else "") or "table"
    if name not in FORMATS:
        name = "table"
    heads = given["heads"]
    options = Options(
        width=terminal_width(),
        colour=path is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ,
        header=not given["no_header"],
        raw=bool(given["raw"]),
        bom=bool(given["bom"]),
    )
    with opened(settings) as store:
        asking = parse_viewer(viewer)
        found = run(
            store,
            asking,
            definition,
            now=now(),
            names=directory_names(store, asking),
            members=present_members(store, asking, now()),
            heads=read_heads(str(heads)) if heads else None,
        )
        with _target(path) as out:
            FORMATS[name].write(found, out, options)
    if path is not None or name == "csv":
        shown = "" if not found.header.truncated else f", {found.header.shown:,} shown"
        click.echo(f"# of rows: {found.header.rows:,}{shown}" + (f" -> {path}" if path else ""), err=True)
        if name == "csv":
            for warning in found.header.warnings:
                click.echo(f"Note: {visible(warning)}", err=True)


def _definition(settings: Settings, given: dict[str, object]) -> Definition:
    """The definition in the file, with what the options say instead."""
    values: dict[str, object] = {"zone": settings.zone, "locale": settings.locale}
    if file := given["definition"]:
        values.update(_read_definition(Path(str(file))).to_dict())
    names = ("query", "title", "since", "until", "during", "order", "limit", "zone", "locale", "date_pattern", "as_of")
    values.update({name: given[name] for name in (*names, "seconds", "offset") if given[name] is not None})
    if given["full_data"]:
        values["data"] = "full"
    if columns := given["columns"]:
        values["columns"] = [_column(one) for one in str(columns).split(",")]
    if groups := given["group_by"]:
        values["group_by"] = [one.strip() for one in str(groups).split(",")]
        values.pop("columns", None)
    return from_dict(values)


def _column(text: str) -> object:
    key, _, label = text.strip().partition("=")
    return {"key": key, "label": label} if label else key


def _read_definition(path: Path) -> Definition:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput("The definition is not UTF-8.", place=str(path), remedy="Save it as UTF-8.") from error
    except OSError as error:
        raise BadInput(
            f"The definition cannot be read: {error.strerror}.", place=str(path), remedy="Check the path."
        ) from error
    return read_json(text) if path.suffix == ".json" else read_toml(text)


@contextmanager
def _target(path: Path | None) -> Iterator[TextIO]:
    """Where a report is written: the screen, or a file that appears when it is whole."""
    if path is None:
        yield sys.stdout
        return
    handle, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        os.chmod(part, 0o666 & ~_umask())
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@click.command("show")
@click.argument("id")
@click.option("--tz", "zone", metavar="ZONE", help="The time zone of the times shown.")
@click.option("--locale", metavar="LOCALE", help="How dates are written.")
@_AS
@click.pass_obj
def show(settings: Settings, id: str, zone: str | None, locale: str | None, viewer: str) -> None:
    """Show everything of one event, changes before and after."""
    asking = parse_viewer(viewer)
    clock = Clock(zone_named(zone or settings.zone), locale_named(locale or settings.locale), seconds=True, offset=True)
    with opened(settings) as store:
        rows = store.events(asking, id)
    if not rows:
        raise BadInput("There is no event with this id that you may see.", place=id, remedy="An id is a whole UUID.")
    options = Options(width=terminal_width(), colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    for row in rows:
        write_event(details(row, clock, asking), sys.stdout, options)


@click.command("facets")
@click.argument("field", required=False)
@click.argument("query", default="")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many values.")
@click.option("--tz", "zone", metavar="ZONE", help="The time zone of periods in the query.")
@_AS
@click.pass_obj
def facets(settings: Settings, field: str | None, query: str, limit: int, zone: str | None, viewer: str) -> None:
    """List the most frequent values of FIELD, or of every field, among the events that QUERY finds."""
    asking = parse_viewer(viewer)
    condition = parse(query)
    hidden = Hidden(asking)
    hidden.check_query(condition)
    with opened(settings) as store:
        known = directory_names(store, asking)
        resolved = resolve(
            condition,
            names=lambda kind, text: sorted({*store.parties(asking, kind, text), *known(kind, text)}),
            now=now(),
            zone=zone_named(zone or settings.zone),
        ).condition
        for one in [field] if field else FACET_FIELDS:
            click.echo(one)
            for count in store.facet_counts(asking, resolved, one, limit=limit):
                name = f"  {visible(count.name)}" if count.name else ""
                click.echo(f"{count.events:>12,}  {visible(count.value) or '(empty)'}{name}")


@click.command("columns")
def columns() -> None:
    """List the columns that a report may have."""
    left = max(map(len, COLUMNS)) + 2
    middle = max(len(column.label) for column in COLUMNS.values()) + 2
    for key, column in COLUMNS.items():
        mark = "*" if key in DEFAULT_COLUMNS else " "
        click.echo(f"{mark} {key:{left}}{column.label:{middle}}{column.shows}")
    click.echo("\n* shown by default. # of rows is in the header, or beside each group.")
