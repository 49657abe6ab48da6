"""The SCRAM verifier against the exchange printed in RFC 7677, and the userlist.

Proves the arithmetic and what is refused. Does not prove that PostgreSQL and PgBouncer take it: the sandbox tests do.
"""

import base64
import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.scram import ITERATIONS, SALT_BYTES, PasswordError, userlist, verifier

# RFC 7677, section 3: user "user", password "pencil".
RFC_SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
RFC_NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
RFC_MESSAGE = (
    f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={RFC_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={RFC_NONCE}"
).encode()
RFC_CLIENT_PROOF = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
RFC_SERVER_SIGNATURE = base64.b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")

printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1)
salts = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)


def keys(secret: str) -> tuple[bytes, bytes]:
    stored_key, server_key = secret.rsplit("$", 1)[1].split(":")
    return base64.b64decode(stored_key), base64.b64decode(server_key)


def test_the_rfcs_client_is_let_in_and_the_rfcs_server_is_believed() -> None:
    secret = verifier("pencil", RFC_SALT)
    stored_key, server_key = keys(secret)
    assert secret.startswith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")
    signature = hmac.digest(stored_key, RFC_MESSAGE, "sha256")
    client_key = bytes(a ^ b for a, b in zip(RFC_CLIENT_PROOF, signature, strict=True))
    assert hashlib.sha256(client_key).digest() == stored_key
    assert hmac.digest(server_key, RFC_MESSAGE, "sha256") == RFC_SERVER_SIGNATURE


@given(printable, salts)
def test_it_has_postgresqls_form_and_never_holds_the_password(password: str, salt: bytes) -> None:
    secret = verifier(password, salt)
    assert re.fullmatch(
        r"SCRAM-SHA-256\$4096:[A-Za-z0-9+/=]{24}\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}", secret
    )
    assert len(password) < 6 or password not in secret


def test_another_password_or_salt_is_another_verifier() -> None:
    salt = bytes(SALT_BYTES)
    assert verifier("a", salt) == verifier("a", salt)
    assert keys(verifier("a", salt)) != keys(verifier("b", salt))
    assert keys(verifier("a", salt)) != keys(verifier("a", bytes([1] * SALT_BYTES)))
    assert keys(verifier("a", salt)) != keys(verifier("a", salt, ITERATIONS + 1))


@pytest.mark.parametrize("password", ["", "pässword", "tab\t", "line\n", "zero\x00", "\x7f"])
def test_a_password_that_libraries_may_read_differently_is_refused_without_being_shown(password: str) -> None:
    with pytest.raises(PasswordError, match="not printable ASCII") as refused:
        verifier(password, bytes(SALT_BYTES))
    assert not password or password not in str(refused.value)


def test_a_short_salt_or_too_few_iterations_are_refused() -> None:
    with pytest.raises(PasswordError, match="the salt has 8 bytes: give 16"):
        verifier("a", bytes(8))
    with pytest.raises(PasswordError, match="1000 iterations are too few"):
        verifier("a", bytes(SALT_BYTES), 1000)


def test_a_userlist_has_a_line_for_each_user() -> None:
    secret = verifier("a", bytes(SALT_BYTES))
    assert userlist({"app": secret, 'odd "name"': secret}) == (
        f'"app" "{secret}"\n"odd ""name""" "{secret}"\n'
    )


def test_a_userlist_takes_nothing_but_verifiers_and_shows_no_password() -> None:
    with pytest.raises(
        PasswordError, match="the password of user 'app' is not a SCRAM-SHA-256 verifier"
    ) as refused:
        userlist({"app": "plain-text"})
    assert "plain-text" not in str(refused.value)
    with pytest.raises(PasswordError, match="leave out line breaks"):
        userlist({"a\nb": verifier("a", bytes(SALT_BYTES))})
