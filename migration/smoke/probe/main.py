"""A process to be moved: holds whatever its arguments name, and tells afterwards what of it was kept.

Arguments are groups of properties, `module` or `module:argument`. GET / answers who the process is once everything is
set up; GET /check answers, group by group, `kept` or what broke, and can be asked once; GET /exit/N ends the process.
"""

import http.server
import importlib
import json
import os
import socket
import sys
import uuid


def set_up(groups):
    """Runs every generator to its yield. What cannot even be set up is broken, whatever the move does."""
    held = {}
    for argument in groups:
        module, _, where = argument.partition(":")
        properties = importlib.import_module(module).group.properties
        held[argument] = {name: begun(function, where) for name, function in properties.items()}
    return held


def begun(function, where):
    generator = function(where)
    try:
        next(generator)
    except Exception as error:
        return f"could not be set up: {error!r}"
    return generator


def verdict(generator):
    if isinstance(generator, str):
        return generator
    try:
        next(generator)
    except StopIteration:
        return "kept"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "checks twice"


class Server(http.server.HTTPServer):
    """Listens on all addresses, IPv4 and IPv6."""

    address_family = socket.AF_INET6
    request_queue_size = 64


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/exit/"):
            os._exit(int(self.path[6:]))
        elif self.path == "/check":
            answer = {group: {n: verdict(g) for n, g in held.items()} for group, held in self.server.held.items()}
        else:
            answer = {"nonce": self.server.nonce, "host": socket.gethostname(), "pid": os.getpid()}
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def main():
    server = Server(("::", int(os.environ.get("PORT", "8080"))), Handler, bind_and_activate=False)
    server.nonce = str(uuid.uuid4())
    server.held = set_up(sys.argv[1:])
    server.server_bind()
    server.server_activate()
    print(f"holding, as {server.nonce}", flush=True)
    server.serve_forever(poll_interval=3600)


if __name__ == "__main__":
    main()
