"""The command `trailbook` itself, and what its subcommands share: the store, the clock, progress."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from .. import __version__
from ..settings import Settings, load_settings
from ..store.ports import LocalStore
from ..wiring import open_store


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--store", metavar="FILE", help="The store to use (else TRAILBOOK_STORE, else trailbook.db).")
@click.version_option(__version__, prog_name="trailbook")
@click.pass_context
def root(context: click.Context, store: str | None) -> None:
    """An audit trail: who did what, when, from where and to whom.

    \b
    To get going:
      trailbook demo                          fill a store with an example
      trailbook import FILE                   or with logs of your own
      trailbook report 'user:alice'           what Alice did and what was done to her
      trailbook report --help                 columns, periods, groups, formats
    """
    settings = load_settings(os.environ)
    context.obj = Settings(store or settings.store, settings.zone, settings.locale, settings.mask)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def terminal_width() -> int:
    """The width of the terminal in columns; that of a wide page where there is none."""
    return shutil.get_terminal_size((160, 50)).columns


@contextmanager
def opened(settings: Settings, *, create: bool = False, any_index: bool = False) -> Iterator[LocalStore]:
    """The store, closed at the end."""
    store = open_store(settings.store, create=create, any_index=any_index)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error if that is a terminal; the function is told what is done, and of how much."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = max(total, done, 1)
            bar.update(done - bar.pos)

        yield tell
