"""The login through the pool: SCRAM or nothing."""

import ssl
from collections.abc import Mapping
from typing import Any

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

from contract.logins import DATABASE, HOST, PASSWORD, PORT, USERNAME

Login = Mapping[str, Any]

LOGIN_TIMEOUT_SECONDS = 30
# What PostgreSQL says of a wrong password; the pool passes it on. The pool's own refusals read otherwise.
WRONG_PASSWORD = "password authentication failed"  # noqa: S105 - an error's text

# PostgreSQL's protocol, "Message Formats": AuthenticationSASL, its Continue and Final, and AuthenticationOk.
SCRAM_REQUESTS, LOGGED_IN = (10, 11, 12), 0


class RotationError(Exception):
    """A rotation that cannot go on. Never holds a password."""


class WrongPasswordError(RotationError):
    """The database does not know this password, or no longer."""


class ScramConnection(Connection):  # type: ignore[misc]
    """A connection that proves its password by SCRAM or not at all.

    Nothing says who answers (`_encryption`), and whoever does has only to ask: pg8000 would send the password as it
    is. At the end of SCRAM the server has proven, too, that it knows the verifier.
    """

    has_proof = False

    def handle_AUTHENTICATION_REQUEST(self, data: bytes, context: object) -> None:  # noqa: N802 - pg8000's name
        """Answer a request of SCRAM's, and take the final word after SCRAM only."""
        method = int.from_bytes(data[:4])
        if method not in SCRAM_REQUESTS and not (method == LOGGED_IN and self.has_proof):
            raise RotationError(
                "the pool wants another proof of the password than SCRAM; nothing was sent to it"
            )
        super().handle_AUTHENTICATION_REQUEST(data, context)
        self.has_proof = method == SCRAM_REQUESTS[-1]


def run_through_pool(login: Login, statement: str) -> None:
    """Log in and run one statement. Raises WrongPasswordError and RotationError, whose texts hold no statement."""
    try:
        connection = ScramConnection(
            login[USERNAME],
            password=login[PASSWORD],
            host=login[HOST],
            port=login[PORT],
            database=login[DATABASE],
            ssl_context=_encryption(),
            timeout=LOGIN_TIMEOUT_SECONDS,
            application_name="rotation",
        )
        try:
            connection.run(statement)
        finally:
            connection.close()
    except DatabaseError as error:
        # PostgreSQL's fields: M is the message.
        message = error.args[0].get("M", "") if isinstance(error.args[0], dict) else str(error.args[0])
        kind = WrongPasswordError if WRONG_PASSWORD in message else RotationError
        raise kind(f"the pool or the database refused {login[USERNAME]}: {message}") from None
    except (InterfaceError, OSError) as error:
        raise RotationError(
            f"the pool at {login[HOST]}:{login[PORT]} does not answer: {type(error).__name__}"
        ) from None


def _encryption() -> ssl.SSLContext:
    """Encryption without proof of who answers: each task has a certificate of its own making, as for every client."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
