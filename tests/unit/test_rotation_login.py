"""How rotation logs in, against a server that wants the password itself.

Proves that no other request than SCRAM's is answered. Does not prove that a login by SCRAM works; tests/sandbox/pooler does.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from functions.rotation.login import RotationError, run_through_pool
from sandbox.servers.certificates import CertificateAuthority

CLEARTEXT, MD5, TRUST = (struct.pack("!i", code) for code in (3, 5, 0))


@contextmanager
def impostor(folder: Path, request: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server with a certificate of its own that makes one authentication request; its port, and what it is answered."""
    issued = CertificateAuthority().issue("localhost")
    pem = folder / "server.pem"
    pem.write_text(issued.certificate + issued.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    answers = list[bytes]()

    def serve() -> None:
        plain, _ = listener.accept()
        assert len(plain.recv(8)) == 8  # SSLRequest
        plain.sendall(b"S")
        with context.wrap_socket(plain, server_side=True) as client:
            client.recv(4096)  # the startup message
            client.sendall(b"R" + struct.pack("!i", len(request) + 4) + request)
            answers.append(client.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], answers
        thread.join()


@pytest.mark.parametrize("request_", [CLEARTEXT, MD5 + b"salt", TRUST], ids=["cleartext", "md5", "none"])
def test_whoever_does_not_ask_for_scram_gets_no_password(tmp_path: Path, request_: bytes) -> None:
    with impostor(tmp_path, request_) as (port, answers):
        login = {
            "username": "app_a",
            "password": "never-sent",
            "host": "127.0.0.1",
            "port": port,
            "dbname": "d",
        }
        with pytest.raises(RotationError, match="another proof of the password than SCRAM"):
            run_through_pool(login, "SELECT 1")
    # The end of the connection, or the word that it ends.
    assert answers in ([b""], [b"X" + struct.pack("!i", 4)])
