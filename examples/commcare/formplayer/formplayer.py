"""Answers /serverup, and every other question with its version: a stand-in for what plays forms."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = Path(__file__).with_name("version").read_text().strip()


class Formplayer(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"up\n" if self.path == "/serverup" else f"formplayer {VERSION}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


host, port = sys.argv[1].rsplit(":", 1)
ThreadingHTTPServer((host, int(port)), Formplayer).serve_forever()
