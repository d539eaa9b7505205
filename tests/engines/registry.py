"""A registry with one image in it, for an engine to pull from: the few answers that a pull asks for.

Run as a program with the port and the archive of the image's root as arguments.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TYPE = "application/vnd.docker.distribution.manifest.v2+json"
UNKNOWN = b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}'
COMMAND = ["/bin/sh", "-c", "while :; do sleep 60 & wait $!; done"]


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def image_of(root: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The manifest, and what it names."""
    layer = gzip.compress(root)
    about = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": COMMAND},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(root)]},
    }
    config = json.dumps(about).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": TYPE,
        "config": described(config, "application/vnd.docker.container.image.v1+json"),
        "layers": [described(layer, "application/vnd.docker.image.rootfs.diff.tar.gzip")],
    }
    return json.dumps(manifest).encode(), {digest_of(each): each for each in (config, layer)}


def described(content: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "size": len(content), "digest": digest_of(content)}


def serve(port: int, root: bytes) -> None:
    manifest, blobs = image_of(root)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            *_, kind, name = self.path.rstrip("/").split("/")
            if kind == "manifests" and name in ("1", digest_of(manifest)):
                self.say(200, manifest, TYPE)
            elif kind == "blobs" and name in blobs:
                self.say(200, blobs[name], "application/octet-stream")
            elif self.path == "/v2/":
                self.say(200, b"{}", "application/json")
            else:
                self.say(404, UNKNOWN, "application/json")

        do_HEAD = do_GET

        def say(self, status: int, content: bytes, media_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Docker-Content-Digest", digest_of(content))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

    ThreadingHTTPServer(("127.0.0.1", port), Answers).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]).read_bytes())
