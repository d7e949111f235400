"""A model at the end of a TLS connection that always gives the same answer, in a process of its own.

    python -m tests.benchmarks.fake_bedrock_server FOLDER SECONDS

FOLDER holds `cert.pem`, `key.pem` and `answer.json`; each request is answered after SECONDS. The first line that it
prints is JSON with its `port`. It speaks as much HTTP as a keep-alive connection of boto3 or a raw socket needs.
"""

import json
import socket
import ssl
import sys
import threading
import time
from pathlib import Path


def main(folder: Path, seconds: float) -> None:
    """Serve until it is ended."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    body = (folder / "answer.json").read_bytes()
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-amzn-RequestId: bench\r\n"
    answer = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=serve, args=(context, connection, answer, seconds), daemon=True).start()


def serve(context: ssl.SSLContext, connection: socket.socket, answer: bytes, seconds: float) -> None:
    """Answer request after request until the other side leaves."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with context.wrap_socket(connection, server_side=True) as wire:
            while read_request(wire):
                time.sleep(seconds)
                wire.sendall(answer)
    except OSError:
        return


def read_request(wire: ssl.SSLSocket) -> bool:
    """Read one request to its end; False where there is none any more."""
    head = bytearray()
    while (end := head.find(b"\r\n\r\n")) < 0:
        part = wire.recv(1 << 16)
        if not part:
            return False
        head += part
    length = next(int(line[15:]) for line in head[:end].lower().split(b"\r\n") if line.startswith(b"content-length:"))
    missing = length - (len(head) - end - 4)
    while missing > 0:
        part = wire.recv(1 << 16)
        if not part:
            return False
        missing -= len(part)
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
