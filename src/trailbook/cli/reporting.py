"""The command report: from options and a saved definition to a report on the screen or in a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from ..deliver.files import Hashed
from ..deliver.manifest import manifest_of
from ..directory.viewer import Viewer
from ..directory.visible import People
from ..errors import BadDefinition, BadFile, BadInput
from ..query.excerpt import visible
from ..render import FORMATS
from ..render.counting import counted
from ..render.header import rows
from ..render.options import Paper
from ..report.definition import MOST_ROWS, Definition, from_dict, read_json, read_toml
from ..report.result import Header
from ..report.run import run
from .completion import complete_columns, complete_groups, complete_query
from .keeping import read_heads
from .output import output, spare, spread_out
from .root import AS, QueryCommand, now, one_query, opened, options_for_screen, progress

if TYPE_CHECKING:
    from ..settings import Settings

_TABLE_SUFFIXES = ("", ".txt", ".table")
_PATIENCE_SECONDS = 1.0
_PERIOD = ("since", "until", "during")
_OVERRIDING = ("title", *_PERIOD, "as_of", "order", "limit", "zone", "locale", "date_pattern", "seconds", "offset")


@click.command("report", cls=QueryCommand, short_help="Print an Audit Trail Details Report.")
@click.argument("query", nargs=-1, metavar="[QUERY]", shell_complete=complete_query)
@click.option("--definition", metavar="FILE", help="A saved definition (.toml or .json); options override it.")
@click.option("--title", metavar="TEXT", help="A title of your own.")
@click.option(
    "--columns",
    metavar="KEYS",
    shell_complete=complete_columns,
    help="Columns by key, comma-separated; `key=Label` renames (see `trailbook columns`).",
)
@click.option(
    "--group-by",
    metavar="KEYS",
    shell_complete=complete_groups,
    help="Count by columns or hour, day, week, month, comma-separated.",
)
@click.option("--since", metavar="WHEN", help="From then on: 2021-11-01, 2021-11-01T14:00, -7d, yesterday ...")
@click.option("--until", metavar="WHEN", help="Until then; a day counts in full.")
@click.option("--during", metavar="PERIOD", help="today, last-month, 2021-11, 2021-11-01..2021-11-17 ...")
@click.option(
    "--as-of", type=click.Choice(["then", "now"]), help="Groups and roles with their members then (default) or now."
)
@click.option("--order", type=click.Choice(["newest", "oldest"]), help="Which rows come first (else newest).")
@click.option("--limit", metavar="N", type=click.IntRange(1, MOST_ROWS), help="Show at most so many rows.")
@click.option("--tz", "zone", metavar="ZONE", help="The report's time zone, such as Europe/Berlin.")
@click.option("--locale", metavar="LOCALE", help="How dates are written, such as en, de or pt-BR.")
@click.option("--date-pattern", metavar="PATTERN", help="iso, short, medium, long, full or a CLDR pattern.")
@click.option("--seconds/--no-seconds", default=None, help="Show seconds.")
@click.option("--offset/--no-offset", default=None, help="Show the offset to UTC.")
@click.option("--full-data", is_flag=True, help="Spread out Data and Modified Data over lines.")
@click.option(
    "--format", "format_name", type=click.Choice(list(FORMATS)), help="How it is written (else by FILE, else table)."
)
@click.option("-o", "--output", "file", metavar="FILE", help="Write there instead of on the screen.")
@click.option(
    "--about", metavar="FILE", help="Write there as JSON what the report is: the header, which a CSV file cannot hold."
)
@click.option("--manifest", metavar="FILE", help="Write there as JSON what the output is, heads and SHA-256 included.")
@click.option("--raw", is_flag=True, help="CSV, Excel: do not guard spreadsheets from formulas.")
@click.option("--bom", is_flag=True, help="CSV: begin with a byte order mark.")
@click.option("--paper", type=click.Choice(["A4", "A3", "Letter"]), help="PDF: its paper (else A4, or A3 if need be).")
@click.option("--no-header", is_flag=True, help="Rows only, without what the report says of itself.")
@click.option("--heads", metavar="FILE", help="As of these heads of the books (see `trailbook head --json`).")
@AS
@click.pass_obj
def report(
    settings: Settings,
    /,
    query: tuple[str, ...],
    definition: str | None,
    columns: str | None,
    group_by: str | None,
    full_data: bool,
    format_name: str | None,
    file: str | None,
    about: str | None,
    manifest: str | None,
    raw: bool,
    bom: bool,
    paper: Paper | None,
    no_header: bool,
    heads: str | None,
    viewer: Viewer,
    **given: object,
) -> None:
    """Print an Audit Trail Details Report of the events that QUERY finds.

    \b
      trailbook report user:alice            what Alice did, and what was done to her
      trailbook report against.user:alice    only what was done to her
      trailbook report 'group:"Call center" -resource:reports' -o report.csv
      trailbook report outcome:failure --during last-month --group-by day,action

    Put a query that has spaces, quotes or parentheses in '...'. It may begin with a minus (-resource:reports,
    -offline): an argument of one dash and several characters is a query, so write -o FILE with a space. A user, group,
    role or tenant is named by its id, `tenant/id` or name.
    """
    asked = _definition(settings, one_query(query), definition, columns, group_by, full_data, given)
    path = Path(file) if file else None
    spare(file, "-o", settings.store, [definition, heads])
    spare(about, "--about", settings.store, [definition, heads, file])
    spare(manifest, "--manifest", settings.store, [definition, heads, file, about])
    name = format_name or _format_of(path)
    noted = read_heads(heads) if heads else None
    options = replace(
        options_for_screen(), header=not no_header, raw=raw, bom=bom, paper=paper or "", fonts=settings.fonts
    )
    if path is not None:
        options = replace(options, colour=False, encoding="utf-8")
    with opened(settings) as store:
        moment = now()
        people = People(store.directory, viewer, moment)
        found = run(
            store,
            viewer,
            asked,
            now=moment,
            names=people.named,
            members=people.members,
            heads=noted,
        )
        with ExitStack() as stack:
            out = stack.enter_context(output(path))
            if about is not None:
                stack.enter_context(output(Path(about))).write(f"{spread_out(found.about())}\n".encode())
            screen = out.isatty()
            if screen and FORMATS[name].binary:
                raise BadInput(
                    f"{FORMATS[name].name} is not for a terminal.",
                    place="--format",
                    remedy=f"Write it to a file: -o report.{FORMATS[name].suffix}.",
                )
            if not screen:
                tell = stack.enter_context(progress("Writing", 0))
                found = counted(found, _patient(tell, found.header.shown))
            options = replace(options, terminal=screen)
            if manifest is None:
                FORMATS[name].write(found, out, options)
            else:
                hashed = Hashed(out)
                made = hashed.made("", FORMATS[name].write(found, hashed, options))  # type: ignore[arg-type]
                said = spread_out(manifest_of(found, name, made, viewer=viewer, definition=asked))
                stack.enter_context(output(Path(manifest))).write(f"{said}\n".encode())
    _add(found.header, path, is_csv=name == "csv", silent=name == "csv" or no_header)
    if (most := FORMATS[name].most_rows) is not None and found.header.shown > most:
        click.echo(f"Note: {FORMATS[name].name} holds the first {most:,} rows; other formats hold all.", err=True)


def _patient(tell: Callable[[int, int], None], rows: int) -> Callable[[int], None]:
    """Tells of the rows written once a second has passed, so that what is quick shows no bar."""
    started = time.monotonic()

    def told(done: int) -> None:
        if time.monotonic() - started >= _PATIENCE_SECONDS:
            tell(done, rows)

    return told


def _add(header: Header, path: Path | None, *, is_csv: bool, silent: bool) -> None:
    """Tell on standard error what the output does not say itself, or not to who looks at the screen."""
    if path is not None or is_csv:
        click.echo(f"# of rows: {rows(header)}" + (f" -> {visible(str(path))}" if path else ""), err=True)
    if path is not None or silent:
        for warning in header.warnings:
            click.echo(f"Note: {visible(warning)}", err=True)
    if not header.heads:
        click.echo(f"Note: there is no book of which {visible(header.viewer)} may see anything.", err=True)


def _format_of(path: Path | None) -> str:
    """The format that a file's name asks for; a table for the screen."""
    suffix = path.suffix.lower() if path is not None else ""
    if suffix in _TABLE_SUFFIXES:
        return "table"
    if (name := suffix.removeprefix(".")) in FORMATS:
        return name
    raise BadInput(
        f"There is no format for a name that ends in '{visible(suffix)}'.",
        place=str(path),
        remedy=f"Let it end in .csv, .xlsx, .pdf, .json, .html or .txt, or choose with --format: {', '.join(FORMATS)}.",
    )


def _definition(
    settings: Settings,
    query: str | None,
    file: str | None,
    columns: str | None,
    group_by: str | None,
    full_data: bool,
    given: dict[str, object],
) -> Definition:
    """The definition in the file, with what the options say instead; any option of a period replaces its period."""
    values: dict[str, Any] = {"zone": settings.zone, "locale": settings.locale}
    if file:
        values.update(_read_definition(Path(file)).to_dict())
    if any(given[name] is not None for name in _PERIOD):
        for name in _PERIOD:
            values.pop(name, None)
    values.update({name: given[name] for name in _OVERRIDING if given[name] is not None})
    if query is not None:
        values["query"] = query
    if full_data:
        values["data"] = "full"
    if group_by is not None:
        groups = _listed(group_by)
        values["group_by"] = groups
        if groups:
            values["columns"] = [one for one in values.get("columns", ()) if _key(one) in groups]
    if columns is not None:
        values["columns"] = [_column(one) for one in _listed(columns)]
    return from_dict(values)


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _key(column: object) -> object:
    return column["key"] if isinstance(column, dict) else column


def _column(text: str) -> object:
    key, _, label = text.strip().partition("=")
    return {"key": key, "label": label} if label else key


def _read_definition(path: Path) -> Definition:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BadFile("The definition is not UTF-8.", place=str(path), remedy="Save it as UTF-8.") from error
    except OSError as error:
        raise BadFile(
            f"The definition cannot be read: {error.strerror}.", place=str(path), remedy="Check the path."
        ) from error
    try:
        return read_json(text) if path.suffix == ".json" else read_toml(text)
    except BadDefinition as error:
        place = f"{path}, {error.place}" if error.place else str(path)
        raise BadDefinition(error.problem, place=place, remedy=error.remedy) from error
