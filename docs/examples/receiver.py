"""A receiver of webhooks that checks the signature: `receiver.py 127.0.0.1:PORT SECRET`."""

import base64
import hashlib
import hmac
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body, get = self.rfile.read(int(self.headers["content-length"])), self.headers.get
        text = f"{get('webhook-id')}.{get('webhook-timestamp')}.".encode() + body
        mine = "v1," + base64.b64encode(hmac.digest(KEY, text, hashlib.sha256)).decode()
        good = mine in get("webhook-signature", "").split()  # two while the secret changes
        fresh = abs(time.time() - int(get("webhook-timestamp", "0"))) < 300
        self.send_response(200 if good and fresh else 401)
        self.end_headers()
        self.log_message("%s", body.decode() if good else "forged")


KEY = base64.b64decode(sys.argv[2].removeprefix("whsec_"))
host, port = sys.argv[1].split(":")
HTTPServer((host, int(port)), Receiver).serve_forever()
