"""A program that appends a file's events and is killed at it. It says what was acknowledged, as soon as it was.

    victim.py STORE FILE SEED HABIT MOMENT

Prints `+` and the receipts of a batch as JSON after each append, and `>` right before each moment: training a
dictionary, or a statement of SQLite that contains MOMENT. HABIT is `plain`; `cut`: the log is cut after every batch;
or `train`: every larger batch makes a new dictionary. At the end it waits to be killed.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from soak.programs import CONTEXT, batches

from trailbook.ingest.accept import accept
from trailbook.store import bodies
from trailbook.store.sqlite import writer
from trailbook.wiring import open_store

TRAINING = "train"


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)


def announce_training() -> None:
    """Say so before each training."""
    train = bodies.zstandard.train_dictionary

    def announced(*arguments: Any, **options: Any) -> Any:
        say(">")
        return train(*arguments, **options)

    bodies.zstandard.train_dictionary = announced


if __name__ == "__main__":
    path, file, seed, habit, moment = sys.argv[1:]
    if habit == "cut":
        writer.WAL_LIMIT = 0
    if habit == "train":
        bodies.WORSE = 0.0
        bodies.MOST_DICTIONARIES = 10**6
    store: Any = open_store(path, create=True)
    if moment == TRAINING:
        announce_training()
    elif moment:
        store._connections.get().set_trace_callback(lambda sql: say(">") if moment in sql else None)
    for batch in batches(Path(file).read_bytes().splitlines(), seed):
        receipts = accept(batch, CONTEXT, store).receipts
        say("+" + json.dumps([[one.id, one.status, one.book, one.position, one.leaf_hash.hex()] for one in receipts]))
    say("end")
    signal.pause()
