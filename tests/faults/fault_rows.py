"""
The catalogue of faults: what each row is, and why there is no test where there is none.

Responsible for the words. A test says which row it is for by ``@pytest.mark.row(n)``.

Must not know: where the tests are.

Comes from: what others have seen go wrong. Goes to: ``faults_page.py``.
"""

from typing import Final

PARTS: Final[dict[str, dict[int, str]]] = {
    "Before there is a session": {
        1: "a connection on which nothing is sent",
        2: "a request whose header trickles in or never ends",
        3: "a request with too many headers",
        4: "a TLS connection that falls silent in its handshake",
        5: "HTTP on the port for TLS, and TLS on the port for HTTP",
        6: "a request that is malformed, or of another version or method",
        7: "a plain GET",
        8: "another path",
        9: "no credentials, or wrong ones",
        10: "a token that has expired, or is not for us, or not signed",
        11: "credentials in a subprotocol, as browsers send them",
        12: "a token in the URL",
        13: "a web page of another origin",
        14: "a forged X-Forwarded-For",
        15: "a flood of connections",
        16: "one address, or one key, that takes every session",
        17: "too few file descriptors",
        18: "a client that never sends Settings",
        19: "anything before Settings",
        20: "audio in quantity before Settings are applied",
        21: "compression is offered",
    },
    "Frames and JSON of a client": {
        22: "a frame, or the fragments of a message, over the limit",
        23: "frames that break the WebSocket protocol",
        24: "text that is not UTF-8",
        25: "a flood of fragments or of small frames",
        26: "a flood of pings",
        27: "JSON nested too deep",
        28: "numbers that are huge, infinite or none",
        29: "keys twice, a byte order mark, half a surrogate pair, control characters",
        30: "JSON that is no message: no object, no known type, fields of other types",
        31: "a message over its limit",
        32: "JSON in a binary frame, audio in a text frame",
        33: "audio that ends inside a sample",
        34: "Settings a second time",
        35: "Settings a second time before the first are answered",
        36: "an object of very many keys",
    },
    "Where the proxy connects, and its key": {
        37: "a URL anywhere in what a client sends",
        38: "headers for an endpoint of the client's",
        39: "functions with an endpoint",
        40: "a tool of a kind by which the upstream would connect somewhere",
        41: "a model or voice that would change the URL",
        42: "a client's words in a header to the upstream",
        43: "the upstream key in a log, an error, a repr",
        44: "an error of the upstream that quotes a secret",
        45: "an upstream whose certificate is not good",
        46: "an upstream that redirects",
        47: "line breaks and control characters in what is logged",
        48: "prompts, functions and histories that cost too much",
        49: "another client's session",
        50: "secrets on the disk",
        51: "the admin endpoint, from outside",
    },
    "Flow and time": {
        52: "a client that reads slowly while the model speaks fast",
        53: "an upstream that reads slowly while the client speaks",
        54: "a pong behind our own backlog",
        55: "a client that vanished without a word",
        56: "an upstream that vanished without a word",
        57: "a client that answers pings and sends nothing",
        58: "a message that is begun and never finished",
        59: "timers that fire early",
        60: "a clock that is set forward or back",
        61: "a reactor that stalls",
        62: "a machine that was suspended",
        63: "thousands of pings in one moment",
    },
    "Process and actors": {
        84: "an actor that fails",
        85: "a fault while a fault is dealt with",
        86: "a message to an actor that has ended",
        87: "a mailbox that fills up",
        88: "a send inside a receive, an end inside a send",
        89: "an error that nobody waits for",
        90: "sessions that crash in numbers",
        91: "SIGTERM, once and twice",
        92: "SIGKILL",
        93: "a log that cannot be written",
        94: "what sessions leave behind",
        95: "too little memory",
        96: "an end while ending, of both sides at once, and while connecting",
        97: "what is made before the daemon forks",
        98: "a wrong configuration",
    },
}

WHY_NOT: Final[dict[int, str]] = {
    92: "nothing of ours runs then; clients connect again",
}
"""Shown only while there is no test for the row."""
