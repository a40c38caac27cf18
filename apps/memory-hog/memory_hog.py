"""Holds memory and writes it anew at a steady rate; every page can be verified.

A page holds its own number, how often it was written, and random bytes (they do not compress) with their checksum. How
often each page was written is kept a second time, apart from the pages.
"""

import argparse
import array
import os
import struct
import zlib

from answering import Identity, Rhythm, Server, prepare

PORT = 8080
PAGE = 4096
PAGES_PER_MEGABYTE = 1024 * 1024 // PAGE
HEAD = struct.Struct("<QQI")
STEPS_PER_SECOND = 100


class Pages:
    """The memory, page by page."""

    def __init__(self, megabytes):
        self.identity = Identity()
        self.count = megabytes * PAGES_PER_MEGABYTE
        self.memory = memoryview(bytearray(self.count * PAGE))
        self.versions = array.array("Q", bytes(8 * self.count))
        self.next = 0
        self.written = 0
        self.write(self.count)
        # What is there from the beginning is no work that could be lost.
        self.written = 0

    def write(self, pages):
        """Writes so many pages anew, each in its turn."""
        for _ in range(pages):
            number = self.next
            self.versions[number] += 1
            body = os.urandom(PAGE - HEAD.size)
            head = HEAD.pack(number, self.versions[number], zlib.crc32(body))
            self.memory[number * PAGE : (number + 1) * PAGE] = head + body
            self.next = (number + 1) % self.count
        self.written += pages

    def right(self, number):
        """Whether a page holds what was last written to it."""
        page = self.memory[number * PAGE : (number + 1) * PAGE]
        head = (number, self.versions[number], zlib.crc32(page[HEAD.size :]))
        return HEAD.unpack_from(page) == head

    def answer(self):
        """What GET / answers."""
        return {**self.identity.answer(), "pages": self.count, "written": self.written}

    def verify(self):
        """What GET /verify answers: every page is looked at, in about half a second a gigabyte."""
        wrong = sum(not self.right(number) for number in range(self.count))
        return {**self.answer(), "wrong": wrong}


def main():
    prepare()
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=64, help="how much memory (MiB)")
    parser.add_argument("--dirty", type=float, default=0, help="MiB written anew each second")
    options = parser.parse_args()
    pages = Pages(options.megabytes)
    rhythm = Rhythm(1 / STEPS_PER_SECOND)
    server = Server(PORT, {"/": pages.answer, "/verify": pages.verify})
    print(f"holding {options.megabytes} MiB, {options.dirty} MiB/s written anew", flush=True)
    owed = 0.0
    while True:
        server.step(rhythm.wait())
        if rhythm.due():
            owed += options.dirty * PAGES_PER_MEGABYTE / STEPS_PER_SECOND
            pages.write(int(owed))
            owed -= int(owed)


if __name__ == "__main__":
    main()
