"""Logins: the keys of the JSON that a secret holds, and the form of a generated password.

Source: Secrets Manager guide, "JSON structure of AWS Secrets Manager secrets". AWS's rotation functions and drivers
read the keys of a database's secret.
"""

from collections.abc import Mapping
from typing import Any

# RDS takes 8 to 128 printable characters without / @ " and space (RDS guide, "Constraints for master password");
# 32 letters and digits are 190 bits, and need no quoting in a connection string.
PASSWORD_LENGTH = 32

ENGINE, HOST, PORT, DATABASE = "engine", "host", "port", "dbname"
USERNAME, PASSWORD = "username", "password"
TLS, CLUSTER_MODE = "tls", "cluster_mode"

POSTGRES = "postgres"


def database_login(
    *, host: Any, port: Any, database_name: Any, username: Any, password: Any
) -> Mapping[str, Any]:
    """The content of a database user's secret. Values may be known later (Pulumi outputs)."""
    return {
        ENGINE: POSTGRES,
        HOST: host,
        PORT: port,
        DATABASE: database_name,
        USERNAME: username,
        PASSWORD: password,
    }


def store_login(
    *, engine: str, host: Any, port: Any, username: str, password: Any, cluster_mode: bool
) -> Mapping[str, Any]:
    """The content of a store user's secret. Values may be known later (Pulumi outputs)."""
    return {
        ENGINE: engine,
        HOST: host,
        PORT: port,
        USERNAME: username,
        PASSWORD: password,
        TLS: True,
        CLUSTER_MODE: cluster_mode,
    }
