"""A collector of traces: a real HTTP server that keeps what it is sent, and answers with a status."""

import http.server
import threading

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Receiver(http.server.ThreadingHTTPServer):
    """While it is entered, it listens at :attr:`url`."""

    daemon_threads = True

    def __init__(self, status=200):
        self.status, self.requests = status, []
        super().__init__(("127.0.0.1", 0), Receiving)
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    @property
    def spans(self):
        """All that came, in order."""
        messages = [ExportTraceServiceRequest.FromString(body) for _, _, body in self.requests]
        return [
            span
            for message in messages
            for one in message.resource_spans
            for scope in one.scope_spans
            for span in scope.spans
        ]


class Receiving(http.server.BaseHTTPRequestHandler):
    """One connection."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"canary")

    def log_message(self, *_):
        """Say nothing."""
