"""
A ``twistd turngate`` in a process of its own, and a client of a few lines that knows nothing of our code.

Comes from: the tests of the plugin, of the configuration and of the packages. Nothing here imports ``turngate``: the
interpreter under test may be another one.
"""

import base64
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

PATIENCE_S = 20
OWN_BIN = Path(sys.executable).parent
LISTEN = ("--listen", "tcp:0:interface=127.0.0.1")
PATH = "/v1/agent/converse"
TEXT, CLOSE = 1, 8


def environment(**variables):
    """The test's own environment, without what would configure a proxy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TURNGATE_", "OPENAI_"))}
    return {**kept, **variables}


def twistd(*arguments, bin_dir=OWN_BIN, cwd=None, **variables):
    """Run ``twistd`` to its end."""
    return subprocess.run(
        [bin_dir / "twistd", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment(**variables),
        timeout=PATIENCE_S,
    )


class RunningProxy:
    """A proxy in the foreground, at a free port of the loopback unless it is told otherwise."""

    def __init__(self, *options, bin_dir=OWN_BIN, cwd=None, patience_s=PATIENCE_S, **variables):
        self.log = ""
        self._process = subprocess.Popen(
            [bin_dir / "twistd", "-n", "--pidfile=", "turngate", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=cwd,
            env=environment(**variables),
        )
        self._watchdog = threading.Timer(patience_s, self._process.kill)
        self._watchdog.start()
        self.read_until("proxy.started")
        self.port = port_in(self.log)

    def read_until(self, words):
        """Take lines of the log until one has these words."""
        for line in self._process.stdout:
            self.log += line
            if words in line:
                return
        raise AssertionError(f"the log ended without {words!r}:\n{self.log}")

    def ask_to_stop(self, number=signal.SIGTERM):
        """Send a signal that ends it."""
        self._process.send_signal(number)

    @property
    def is_running(self):
        """Whether the process is there."""
        return self._process.poll() is None

    def reload(self, words="config.reloaded"):
        """Send SIGHUP, and wait for what comes of it."""
        self._process.send_signal(signal.SIGHUP)
        self.read_until(words)

    def stop(self):
        """End the process, and give its exit status; may be called again."""
        if self._process.poll() is None:
            self.ask_to_stop()
        if not self._process.stdout.closed:
            self.log += self._process.stdout.read()
            self._process.stdout.close()
        status = self._process.wait()
        self._watchdog.cancel()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def port_in(log):
    """The TCP port that a log says the proxy listens on."""
    (port,) = re.findall(r"proxy\.listening address=\S+:(\d+)$", log, re.MULTILINE)
    return int(port)


def end_of(pid):
    """A descriptor that becomes readable when the process has ended, be it our child or not."""
    descriptor = os.pidfd_open(pid)

    def wait():
        ended, _, _ = select.select([descriptor], [], [], PATIENCE_S)
        os.close(descriptor)
        return bool(ended)

    return wait


class Conversation:
    """A WebSocket that was just opened."""

    def __init__(self, port, path=PATH, *headers):
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self._stream = self._socket.makefile("rb")
        nonce = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {nonce}\r\nSec-WebSocket-Version: 13\r\n"
            + "".join(f"{header}\r\n" for header in headers)
            + "\r\n"
        )
        self._socket.sendall(request.encode())
        header = b""
        while not header.endswith(b"\r\n\r\n"):
            line = self._stream.readline()
            assert line, f"the connection ended in its handshake, after {header!r}"
            header += line
        self.status = int(header.split()[1])

    def receive(self):
        """The opcode and the payload of one frame."""
        first, second = self._stream.read(2)
        length = second & 0x7F
        if length == 126:
            length = int.from_bytes(self._stream.read(2))
        return first & 0x0F, self._stream.read(length)

    def receive_event(self):
        """One JSON message."""
        opcode, payload = self.receive()
        assert opcode == TEXT
        return json.loads(payload)

    def receive_close(self):
        """The code of the close frame, whatever comes before it."""
        while True:
            opcode, payload = self.receive()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2])

    def close(self):
        self._stream.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
