"""A command on a terminal of its own."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time

from cli.small import PROGRAM, command


def on_a_terminal(*arguments: str, code: int = 0, program: str = PROGRAM, **environment: str) -> str:
    """What a command writes to a terminal of 100 columns before it ends with this code."""
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment}
    with subprocess.Popen(
        command(*arguments, program=program), stdin=slave, stdout=slave, stderr=slave, env=env
    ) as process:
        os.close(slave)
        found = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and select.select([master], [], [], 60)[0]:
            try:
                piece = os.read(master, 65_536)
            except OSError:
                break
            if not piece:
                break
            found += piece
        assert process.wait(60) == code, found.decode()
    os.close(master)
    return found.decode()
