"""A live video over HTTP: one encoder, and every client gets what it makes from the moment the client came.

`GET /stream` is an endless MPEG transport stream of a test picture with a clock in it; `GET /` tells how many frames there
were so far. Encoder and server are two processes with a pipe between them; the number of the frame is in the encoder.
"""

import argparse
import os
import subprocess
import sys

from answering import Connection, Identity, Server, prepare

PORT = 8080
PACKET = 188
VIDEO = 0x100
BACKLOG_LIMIT = 4 * 1024 * 1024

HEADER = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"


def encoder(rate):
    """Starts the encoder. It works in real time, by one thread, and writes whole frames."""
    picture = f"testsrc2=size=320x240:rate={rate}"
    coding = ["-c:v", "mpeg2video", "-threads", "1", "-b:v", "800k", "-g", str(rate), "-bf", "0"]
    output = ["-f", "mpegts", "-flush_packets", "1", "-streamid", f"0:{VIDEO}", "pipe:1"]
    quiet = ["-nostdin", "-hide_banner", "-loglevel", "error"]
    command = ["ffmpeg", *quiet, "-re", "-f", "lavfi", "-i", picture, *coding, *output]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


class Viewer(Connection):
    """A client that may have asked for the stream."""

    streaming = False

    def respond(self, lines, answers):
        if lines[0].split("?")[0].split(" ")[:2] != ["GET", "/stream"]:
            return super().respond(lines, answers)
        self.streaming = True
        self.write += HEADER


class Video:
    """Hands on what the encoder makes and counts the frames in it."""

    def __init__(self, rate):
        self.identity = Identity()
        self.frames = 0
        self.rest = b""
        self.encoder = encoder(rate)
        self.server = Server(PORT, {"/": self.answer}, Viewer)
        self.pipe = self.encoder.stdout.fileno()
        os.set_blocking(self.pipe, False)
        self.server.watch(self.pipe, self.hand_on)

    def answer(self):
        """What GET / answers."""
        viewers = sum(connection.streaming for connection in self.server.connections)
        return {**self.identity.answer(), "frames": self.frames, "viewers": viewers}

    def hand_on(self):
        try:
            data = os.read(self.pipe, 65536)
        except BlockingIOError:
            return
        if not data:
            sys.exit(f"the encoder ended with {self.encoder.wait()}")
        whole = self.count(data)
        for viewer in [c for c in self.server.connections if c.streaming]:
            viewer.write += whole
            if len(viewer.write) > BACKLOG_LIMIT:
                self.server.drop(viewer)
            else:
                self.server.expect(viewer)

    def count(self, data):
        """The packets that are whole by now. Bit 6 of a packet's second byte marks the first one of a frame."""
        data = self.rest + data
        end = len(data) - len(data) % PACKET
        for at in range(0, end, PACKET):
            head = data[at + 1] << 8 | data[at + 2]
            self.frames += head & 0x5FFF == 0x4000 | VIDEO
        self.rest = data[end:]
        return data[:end]


def main():
    prepare()
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=25, help="frames a second")
    video = Video(parser.parse_args().rate)
    print(f"streaming on {PORT}", flush=True)
    while True:
        video.server.step(1.0)


if __name__ == "__main__":
    main()
