"""Appends numbered lines to files: after a move each line has to be there exactly once, none twice and none torn.

The next number is kept in memory only and the lines only in the files, so the two have to have moved together.
"""

import argparse
import os

from answering import Identity, Rhythm, Server, prepare

PORT = 8080


class Appender:
    """The files and the number of the last line, which is the same in all of them."""

    def __init__(self, paths):
        self.identity = Identity()
        self.paths = paths
        for path in paths:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        # New files: what an earlier run of the container has left is another run's.
        self.files = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND) for path in paths]
        self.lines = 0

    def append(self):
        """One line more in every file, by one write each."""
        self.lines += 1
        for file in self.files:
            os.write(file, f"{self.lines}\n".encode())

    def answer(self):
        """What GET / answers."""
        return {**self.identity.answer(), "lines": self.lines}

    def verify(self):
        """What GET /verify answers: all files are read again."""
        return {**self.answer(), "files": {path: fault(path, self.lines) for path in self.paths}}


def fault(path, lines):
    """What is wrong with a file that should hold 1 to `lines`, a number a line; `kept` when nothing is."""
    with open(path, encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            if line != f"{number}\n":
                return f"line {number} is {line!r}"
            if number > lines:
                return f"line {number} was never acknowledged"
    return "kept" if number == lines else f"ends after {number} of {lines} lines"


def main():
    prepare()
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", help="paths; their folders are made")
    parser.add_argument("--period", type=float, default=0.010, help="seconds from line to line")
    options = parser.parse_args()
    appender = Appender(options.files)
    appender.append()
    rhythm = Rhythm(options.period)
    server = Server(PORT, {"/": appender.answer, "/verify": appender.verify})
    print(f"appending to {', '.join(options.files)}", flush=True)
    while True:
        server.step(rhythm.wait())
        if rhythm.due():
            appender.append()


if __name__ == "__main__":
    main()
