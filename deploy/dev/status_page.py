"""The status page of a region on one machine, on loopback: GET / for people, /status.json for programs, /logs/NAME for
the end of a part's log. It only shows; nothing can be changed through it."""

import http.server
import json
import pathlib
import threading

PAGE = pathlib.Path(__file__).resolve().parent / "status_page.html"
LOG_BYTES = 64 * 1024


class StatusPage:
    def __init__(self, port, seen):
        """`seen()` gives what there is to show; it is called on threads of the page."""
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _handler(seen))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def _end_of_log(seen, name):
    for part in seen["parts"]:
        if part["name"] == name and pathlib.Path(part["log"]).exists():
            with open(part["log"], "rb") as log:
                log.seek(max(0, log.seek(0, 2) - LOG_BYTES))
                return log.read()
    return None


def _handler(seen):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/":
                first = json.dumps(seen()).replace("<", "\\u003c")  # within a script element
                return self._answer(200, "text/html", PAGE.read_text().replace("{{status}}", first).encode())
            if self.path == "/status.json":
                return self._answer(200, "application/json", json.dumps(seen(), indent=1).encode())
            log = _end_of_log(seen(), self.path.removeprefix("/logs/")) if self.path.startswith("/logs/") else None
            if log is None:
                return self._answer(404, "text/plain", b"there is no such page\n")
            return self._answer(200, "text/plain", log)

        def _answer(self, code, kind, body):
            self.send_response(code)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
