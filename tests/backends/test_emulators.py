"""What the tests lean on holds under what they do to it."""

from __future__ import annotations

import socket
import struct
from urllib.parse import urlsplit

from tests.fakes.ministack import client_at

BROKEN_OFF = (
    b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n"
    b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: 1000\r\n\r\n{"
)


def test_dynalite_outlives_a_client_that_is_killed(dynalite: str) -> None:
    address = urlsplit(dynalite)
    for _ in range(3):
        with socket.create_connection((str(address.hostname), int(address.port or 0))) as client:
            client.sendall(BROKEN_OFF)
            # So that the system resets the connection, as it does for a process that is gone.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert client_at(dynalite, "dynamodb").list_tables()["ResponseMetadata"]["HTTPStatusCode"] == 200
