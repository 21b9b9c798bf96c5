"""A program that records events as fast as it is told to, until it is killed.

    recording.py URL SPOOL NAME RATE

Prints the number of each event once `record` has returned: `NAME.number`, at most RATE of them a second.
"""

from __future__ import annotations

import itertools
import os
import sys
import time

from trailbook.capture import Recorder

if __name__ == "__main__":
    url, spool, name, rate = sys.argv[1:]
    recorder = Recorder(url, "tb_test", "web", spool=spool, timeout=2.0)
    started = time.monotonic()
    for number in itertools.count():
        recorder.record("update", "users", targets=("user", "u18", "Bob"), details=f"{name}.{number}")
        os.write(1, f"{name}.{number}\n".encode())
        if (ahead := started + number / int(rate) - time.monotonic()) > 0:
            time.sleep(ahead)
