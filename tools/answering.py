"""Starts the service by the command that is given, signs in by the link that it prints, looks at the start page."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

SECONDS = 60.0


@contextmanager
def serving(command: list[str]) -> Iterator[tuple[str, str]]:
    """The address at which the service that the command starts answers, and the path of the link that it prints.

    Raises AssertionError if it prints none, or does not end well.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            told = next((line for line in server.stdout if "#" in line), "")
            link = re.fullmatch(r"\s*(http://[^/]+)(/\S+#\S+)\s*", told)
            assert link, "the service has printed no link to sign in with"
            yield link[1], link[2]
        finally:
            server.terminate()
        code = server.wait(SECONDS)
    assert code == 0, f"the service has ended with exit code {code}"


def try_out(command: list[str]) -> str:
    """What the start page of the service answered, in a sentence. Raises AssertionError, httpx.HTTPError."""
    with serving(command) as (address, link):
        path, _, token = link.partition("#")
        # Its cookie is for TLS alone; a browser takes this machine for as safe, this client has to be told.
        with httpx.Client(base_url=address, timeout=SECONDS, transport=httpx.HTTPTransport(retries=9)) as client:
            sent = client.post(path, data={"token": token})
            cookie = sent.headers.get("Set-Cookie", "").partition(";")[0]
            answer = client.get("/", headers={"Cookie": cookie, "Accept": "text/html"})
        assert (sent.status_code, answer.status_code) == (303, 200), f"the start page answered {answer.status_code}"
        assert "Audit Trail Details" in answer.text
    return f"The start page answers at {address}: {len(answer.content):,} bytes of HTML."


if __name__ == "__main__":
    print(try_out(sys.argv[1:]))
