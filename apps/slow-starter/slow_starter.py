"""A service that is slow to start: it gathers what it needs for half a minute, and only then listens.

What it has gathered is its state. A moved one has it and answers at once; a new one has to gather it again.
"""

import argparse
import os
import time
import zlib

from answering import Identity, Server, prepare

PORT = 8080
PART_BYTES = 100_000
PARTS_PER_SECOND = 10


class Gathered:
    """Parts of random bytes, each with its checksum, as if they had come from somewhere slow."""

    def __init__(self, seconds):
        self.identity = Identity()
        self.parts = []
        self.requests = 0
        began = time.monotonic()
        for number in range(round(seconds * PARTS_PER_SECOND)):
            part = os.urandom(PART_BYTES)
            self.parts.append((part, zlib.crc32(part)))
            time.sleep(max(0.0, began + (number + 1) / PARTS_PER_SECOND - time.monotonic()))
        self.seconds = round(time.monotonic() - began, 3)

    def answer(self):
        """What GET / answers."""
        self.requests += 1
        return {
            **self.identity.answer(),
            "readyAfterSeconds": self.seconds,
            "parts": len(self.parts),
            "requests": self.requests,
        }

    def verify(self):
        """What GET /verify answers: every part is looked at."""
        wrong = sum(zlib.crc32(part) != checksum for part, checksum in self.parts)
        return {**self.answer(), "wrong": wrong}


def main():
    prepare()
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30, help="how long it gathers before it listens")
    gathered = Gathered(parser.parse_args().seconds)
    server = Server(PORT, {"/": gathered.answer, "/verify": gathered.verify})
    print(f"ready after {gathered.seconds} s", flush=True)
    while True:
        server.step(1.0)


if __name__ == "__main__":
    main()
