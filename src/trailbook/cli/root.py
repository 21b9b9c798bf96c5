"""The command `trailbook` itself, and what its subcommands share: the store, the clock, the terminal, progress."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import click

from .. import __version__
from ..directory.viewer import parse_viewer
from ..errors import BadInput
from ..query.excerpt import quoted
from ..render import Options
from ..store.ports import LocalStore
from ..wiring import open_store

if TYPE_CHECKING:
    from ..settings import Settings

AS = click.option(
    "--as",
    "viewer",
    default="root",
    callback=lambda context, parameter, value: parse_viewer(value),
    metavar="VIEWER",
    help="See only what root, tenant:acme, groups:acme/g1,g2 or self:acme/u17 may see.",
)


class QueryCommand(click.Command):
    """A command with a query, which may begin with the `-` of what must not hold (`-resource:reports`, `-offline`).

    So one dash and more than one character behind it is never options, and `-o` has its value in the next argument.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See click; queries that look like options are put where options have ended."""
        options = [one for one in self.params if isinstance(one, click.Option) and not one.is_flag]
        with_value = {name for one in options for name in one.opts}
        others: list[str] = []
        queries: list[str] = []
        given = iter(args)
        for one in given:
            if one == "--":
                queries += given
            elif one in with_value:
                others += [one, *islice(given, 1)]
            elif len(one) > 2 and one.startswith("-") and not one.startswith("--"):
                queries.append(one)
            else:
                others.append(one)
        return super().parse_args(ctx, [*others, "--", *queries] if queries else others)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--store",
    metavar="STORE",
    help="The store to use: a file, or postgresql://... (else TRAILBOOK_STORE, else trailbook.db).",
)
@click.version_option(__version__, prog_name="trailbook")
@click.pass_context
def root(context: click.Context, store: str | None) -> None:
    """An audit trail: who did what, when, from where and to whom.

    \b
    To get going:
      trailbook demo                     fill a store with an example
      trailbook import FILE              or with logs of your own
      trailbook report 'user:alice'      what Alice did and what was done to her
      trailbook report --help            columns, periods, groups, formats
      trailbook serve                    answer applications and people over HTTP

    Settings are read from trailbook.toml in this folder or from the file that TRAILBOOK_CONFIG names.
    """
    # What checks settings takes longer to load than all the rest; --help, --version and completion do without it.
    from ..settings import load_settings

    settings = load_settings(os.environ)
    context.obj = settings.model_copy(update={"store": store}) if store else settings


def one_query(pieces: tuple[str, ...]) -> str | None:
    """The query of a command line, None if there is none. Raises BadInput if its quotes were forgotten."""
    if len(pieces) > 1:
        raise BadInput(
            f"The query came in {len(pieces)} pieces: {', '.join(map(quoted, pieces[:5]))}.",
            place="query",
            remedy="Put all of it in one pair of quotes: trailbook report 'user:alice action:login'.",
        )
    return pieces[0] if pieces else None


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def options_for_screen() -> Options:
    """How things are shown on standard output: as wide as the terminal, coloured only there."""
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    columns = shutil.get_terminal_size((160, 50)).columns
    return Options(width=columns, colour=colour, encoding=sys.stdout.encoding)


@contextmanager
def opened(settings: Settings, *, create: bool = False, any_index: bool = False) -> Iterator[LocalStore]:
    """The store, closed at the end."""
    store = open_store(settings.store, create=create, any_index=any_index)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def progress(label: str, length: int, *, numbers: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error if that is a terminal; the function is told what is done, and of how much.

    `length` 0: how much is not known yet, and there is no bar before the function is told. `numbers`: show both.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    bar = click.progressbar(length=length, label=label, file=sys.stderr, show_pos=numbers, show_percent=True)
    with ExitStack() as shown:
        if length:
            shown.enter_context(bar)

        def tell(done: int, total: int) -> None:
            if not bar.entered:
                shown.enter_context(bar)
            bar.length = max(total, done, 1)
            bar.update(done - bar.pos)

        yield tell
