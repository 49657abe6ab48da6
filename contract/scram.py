"""The SCRAM-SHA-256 verifier of a password, as PostgreSQL stores it (RFC 5802, RFC 7677).

RDS lets nobody read `pg_authid`, so PgBouncer cannot fetch verifiers from the database. The verifier is computed once, from
a password and a random salt, and given to both: to the role by `ALTER ROLE ... PASSWORD`, and to PgBouncer's userlist.
With the very same verifier on both sides, what a client proves to PgBouncer is what PgBouncer needs to log in to the server
as that client; neither ever holds the password (PgBouncer documentation, "Authentication file format").
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

# PostgreSQL's default of `scram_iterations`, and RFC 7677's minimum.
ITERATIONS = 4096
# PostgreSQL's own length (SCRAM_DEFAULT_SALT_LEN); shorter ones would be accepted and are not worth having.
SALT_BYTES = 16


class PasswordError(ValueError):
    """A password or user name that cannot be used; the message never holds a password."""


def verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """`SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`, the keys in base64.

    Args: the password in printable ASCII, a salt of 16 random bytes, the number of hash rounds. Raises: PasswordError.
    """
    if not password or not all(" " <= character <= "~" for character in password):
        # For ASCII, PostgreSQL's normalisation (SASLprep) changes nothing; beyond it, every library must agree.
        raise PasswordError(
            "the password is empty or not printable ASCII: generate one from letters and digits"
        )
    if len(salt) != SALT_BYTES:
        raise PasswordError(f"the salt has {len(salt)} bytes: give {SALT_BYTES} random ones")
    if iterations < ITERATIONS:
        raise PasswordError(f"{iterations} iterations are too few: give {ITERATIONS} or more")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored_key = hashlib.sha256(_hmac(salted, b"Client Key")).digest()
    server_key = _hmac(salted, b"Server Key")
    return f"SCRAM-SHA-256${iterations}:{_base64(salt)}${_base64(stored_key)}:{_base64(server_key)}"


def userlist(verifiers: Mapping[str, str]) -> str:
    """PgBouncer's `auth_file` of the given verifiers by user name. Raises: PasswordError."""
    for user, secret in verifiers.items():
        if not secret.startswith("SCRAM-SHA-256$"):
            raise PasswordError(
                f"the password of user {user!r} is not a SCRAM-SHA-256 verifier: compute one first"
            )
    return "".join(f"{_quoted(user)} {_quoted(secret)}\n" for user, secret in verifiers.items())


def _quoted(text: str) -> str:
    if "\n" in text or "\x00" in text:
        raise PasswordError(
            f"user name {text!r} cannot be in a userlist: leave out line breaks and zero bytes"
        )
    return '"' + text.replace('"', '""') + '"'


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
