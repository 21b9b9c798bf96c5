"""THE COMMAND LINE: one module for each group of commands; here is where they start and how errors end."""

from __future__ import annotations

import io
import os
import sys
import traceback

import click

from ..errors import BadInput, BadQuery, TrailbookError
from ..query.excerpt import quoted, render_error, visible
from .access import account, key
from .completion import completion
from .delivering import mail, webhook
from .demo import demo
from .directory import directory
from .importing import formats, import_files
from .keeping import doctor, head, stats, verify
from .looking import columns, facets, show
from .moving import copy, migrate
from .reporting import report
from .root import root
from .sending import send
from .serving import serve, show_settings
from .working import worker

for command in (
    import_files, send, report, show, facets, columns, formats, directory, demo, stats, head, verify, doctor,
    copy, migrate, serve, worker, show_settings, account, key, mail, webhook, completion,
):  # fmt: skip
    root.add_command(command)


def main() -> None:
    """Run the command line. Exit codes: 0, 2 for bad input, 1 for the rest."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that knows fewer characters than there are gets question marks instead of an error.
        sys.stdout.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command, tell errors on standard error, and give the exit code."""
    try:
        for one in arguments:
            _check_encoding(one)
        root.main(arguments, prog_name="trailbook", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except click.ClickException as error:
        error.show()
        if isinstance(error, click.NoSuchOption) and error.option_name == "--store":
            click.echo("Write it before the command: trailbook --store STORE report ...", err=True)
        return error.exit_code
    except TrailbookError as error:
        _tell(error)
        return 2 if isinstance(error, BadInput) else 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. What was stored is kept; running it again is safe.", err=True)
        return 1
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"Error: {visible(where)}{error.strerror or error}.", err=True)
        return 1
    except Exception as error:
        problem = visible(f"{type(error).__name__}: {error}")
        click.echo(f"Error: something went wrong inside Trailbook ({problem}).", err=True)
        click.echo("Set TRAILBOOK_DEBUG=1 to see where, and please report it.", err=True)
        if os.environ.get("TRAILBOOK_DEBUG"):
            traceback.print_exc()
        return 1
    return 0


def _check_encoding(argument: str) -> None:
    try:
        argument.encode()
    except UnicodeEncodeError:
        # Bytes that are not UTF-8 arrive as lone surrogates, which neither the store nor a terminal can take.
        shown = argument.encode("utf-8", "backslashreplace").decode()
        raise BadInput(
            f"The argument {quoted(shown)} is not UTF-8.",
            remedy="Write it in UTF-8; a file of such a name can be read as `- < FILE`.",
        ) from None


def _tell(error: TrailbookError) -> None:
    click.echo(f"Error: {visible(str(error))}", err=True)
    if isinstance(error, BadQuery) and (excerpt := render_error(error)):
        click.echo(excerpt, err=True)
