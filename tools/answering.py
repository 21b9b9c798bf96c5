"""Starts the service by the command that is given, signs in by the link that it prints, looks at the start page."""

from __future__ import annotations

import re
import subprocess
import sys

import httpx

SECONDS = 60.0


def try_out(command: list[str]) -> str:
    """What the start page of the service answered, in a sentence. Raises AssertionError, httpx.HTTPError."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            told = next((line for line in server.stdout if "#" in line), "")
            link = re.fullmatch(r"\s*(http://\S+)(/sign-in/once)#(\S+)\s*", told)
            assert link, "the service has printed no link to sign in with"
            address, path, token = link.groups()
            # Its cookie is for TLS alone; a browser takes this machine for as safe, this client has to be told.
            with httpx.Client(base_url=address, timeout=SECONDS, transport=httpx.HTTPTransport(retries=9)) as client:
                sent = client.post(path, data={"token": token})
                cookie = sent.headers.get("Set-Cookie", "").partition(";")[0]
                answer = client.get("/", headers={"Cookie": cookie, "Accept": "text/html"})
            assert (sent.status_code, answer.status_code) == (303, 200), f"the start page answered {answer.status_code}"
            assert "Audit Trail Details" in answer.text
        finally:
            server.terminate()
            code = server.wait(SECONDS)
    assert code == 0, f"the service has ended with exit code {code}"
    return f"The start page answers at {address}: {len(answer.content):,} bytes of HTML."


if __name__ == "__main__":
    print(try_out(sys.argv[1:]))
