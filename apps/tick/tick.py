"""Counts once every 10 ms and answers the count over HTTP: whether a move lost anything can be read off it.

The count is the state that must survive: it is kept in memory only, goes up by one each 10 ms the process runs, and never
catches up on time it did not run.
"""

import os

from answering import Identity, Rhythm, Server, prepare

PORT = 8080
STEP = 0.010


class Counter:
    """The count."""

    def __init__(self):
        self.identity = Identity()
        self.count = 0
        self.requests = 0

    def advance(self):
        """Counts one step, and prints a line each second."""
        self.count += 1
        if self.count % 100 == 0:
            print(f"count {self.count}", flush=True)

    def answer(self):
        """What GET / answers."""
        self.requests += 1
        return {"count": self.count, **self.identity.answer(), "requests": self.requests}


def main():
    prepare()
    counter = Counter()
    rhythm = Rhythm(STEP)
    server = Server(int(os.environ.get("PORT", PORT)), {"/": counter.answer, "/healthz": counter.answer})
    print(f"serving on {server.listener.getsockname()[1]}, counting", flush=True)
    while True:
        server.step(rhythm.wait())
        if rhythm.due():
            counter.advance()


if __name__ == "__main__":
    main()
