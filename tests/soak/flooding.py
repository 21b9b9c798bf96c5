"""A program that sends one batch over and over, as new events, over many connections. Prints the answers as JSON.

    flooding.py PORT KEY CONNECTIONS BATCH

It says `sending` once it begins, and ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter

from soak.service import Client, Crowd, Events, anonymous, body

if __name__ == "__main__":
    port, key, connections, batch = sys.argv[1:]
    sent = body(anonymous(Events(int(batch)).take(int(batch))))
    answers: Counter[int] = Counter()
    lock = threading.Lock()
    crowd = Crowd()

    def pour() -> None:
        """Send as fast as it is answered, and do not wait as told."""
        client = Client(int(port), key)
        while not crowd.over.is_set():
            answer = client.send(sent)
            with lock:
                answers[answer.status] += 1
            if answer.status != 200:
                assert int(answer.headers["Retry-After"]) >= 1
                crowd.over.wait(0.05)

    for _ in range(int(connections)):
        crowd.start(pour)
    print("sending", flush=True)
    sys.stdin.read()
    crowd.over.set()
    crowd.end()
    print(json.dumps(answers))
