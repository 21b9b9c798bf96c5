"""`trailbook worker`: doing what waits for its time, without serving anything."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import click

from ..event.wording import counted

if TYPE_CHECKING:
    from ..settings import Settings


@click.command("worker", short_help="Do what waits for its time: exports, schedules.")
@click.option("--once", is_flag=True, help="Do what is due by now, and end.")
@click.pass_obj
def worker(settings: Settings, once: bool) -> None:
    """Do what waits for its time, until Ctrl-C or SIGTERM: exports, schedules, deliveries.

    \b
    `trailbook serve` does so by itself, unless the setting `worker` is off. Any number
    of workers, on any machines, share one store: each task is done by one of them,
    and what one leaves undone is done by another.
    """
    # The service, which knows how everything is done, is loaded by those who need it alone.
    from ..web.logs import configure
    from ..web.serving import opened, service_on

    configure(settings.log_level)
    with closing(opened(settings)) as store:
        doing = service_on(store, settings).worker
        if once:
            click.echo(f"{counted(doing.run_due(), 'task')} done.")
            return
        end = threading.Event()
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda number, frame: end.set())
        doing.start()
        click.echo("Waiting for what is due; Ctrl-C ends it.")
        end.wait()
        doing.stop()
