"""Rotates what applications log in to the connection pool with, without refusing anybody.

Secrets Manager calls `handler` four times for one rotation, and again from the first step if one fails: every step may be
repeated. Two database users take turns. The one that rests gets the new password; the one in use keeps its own until the next
rotation, so whoever has not read the secret again goes on working.

1. `createSecret` puts the resting user and a new password into a pending version of the secret.
2. `setSecret` logs in through the pool as the resting user with its old password, sets the new one, writes the new verifier
   into the pool's list of users, and starts a deployment: tasks read that list when they start.
3. `testSecret` waits for the deployment, sees that every task is newer than the list, and logs in through the pool with the pending version.
4. `finishSecret` makes the pending version the current one.

A role may change its own password, so no administrator's credentials are needed here, and no way to the database but the
pool's. What is sent to the database is the SCRAM verifier and never the password.

Environment: USERLIST_SECRET_ARN, CLUSTER_NAME, SERVICE_NAME, POOLER_HOST, POOLER_PORT, POOLER_DATABASE.
"""

import hashlib
import json
import logging
import os
import re
import secrets
import ssl
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection, literal

from components.pgbouncer.scram import SALT_BYTES, userlist, verifier

Login = Mapping[str, Any]

PASSWORD_LENGTH = 32
CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
LOGIN_TIMEOUT_SECONDS = 30
# New tasks start within two minutes, old ones drain for two and stop within two more. Twelve minutes of the fifteen that a
# function has.
DEPLOYMENT_POLL_SECONDS, DEPLOYMENT_POLLS = 15, 48
# What PostgreSQL says of a wrong password; the pool passes it on. The pool's own refusals read otherwise.
WRONG_PASSWORD = "password authentication failed"  # noqa: S105 - an error's text

# PostgreSQL's protocol, "Message Formats": AuthenticationSASL, its Continue and Final, and AuthenticationOk.
SCRAM_REQUESTS, LOGGED_IN = (10, 11, 12), 0

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)


class RotationError(Exception):
    """A rotation that cannot go on. Never holds a password."""


class WrongPasswordError(RotationError):
    """The database does not know this password, or no longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """One rotation of the applications' secret; `version_id` is its pending version, `address` the pool's host, port and dbname.

    `run` logs in and runs one statement; it raises WrongPasswordError and RotationError.
    """

    secret_id: str
    version_id: str
    userlist_secret_id: str
    cluster_name: str
    service_name: str
    address: Login
    secrets_manager: Any
    ecs: Any
    run: Callable[[Login, str], None]

    def create_secret(self) -> None:
        """Put the resting user and a new password into the pending version, unless an earlier try has."""
        try:
            self._login(PENDING)
        except self.secrets_manager.exceptions.ResourceNotFoundException:
            resting, current = self._login(PREVIOUS), self._login(CURRENT)
        else:
            return
        if resting["username"] == current["username"]:
            raise RotationError(
                f"the secret's current and previous version are both of user {current['username']}, so the other user's "
                "password is unknown; put a version with each into the secret, the one in use last"
            )
        pending = {**current, "username": resting["username"], "password": _new_password()}
        self.secrets_manager.put_secret_value(
            SecretId=self.secret_id,
            ClientRequestToken=self.version_id,
            SecretString=json.dumps(pending),
            VersionStages=[PENDING],
        )

    def set_secret(self) -> None:
        """Give the pending password to the database, then to the pool's list, and have the pool read it."""
        pending, resting = self._login(PENDING), self._login(PREVIOUS)
        if pending == self._login(CURRENT):
            return  # an earlier try got to its end
        if resting["username"] != pending["username"]:
            raise RotationError(
                f"the pending version is of user {pending['username']} and the previous one of {resting['username']}: somebody "
                f"put a version into the secret meanwhile; take {PENDING} off version {self.version_id} and rotate again"
            )
        computed = verifier(pending["password"], _salt(self.version_id))
        verifiers = self._read_userlist()
        if verifiers.get(pending["username"]) != computed:
            try:
                self.run(resting, f"ALTER ROLE CURRENT_USER PASSWORD {literal(computed)}")
            except WrongPasswordError:
                # An earlier try got as far as this and no further. If it was somebody else, the test will tell.
                log.warning("the database no longer takes the previous password of %s", pending["username"])
            self._write_userlist({**verifiers, pending["username"]: computed})
        # A try that is repeated must not start a slow deployment over again.
        if not (self._tasks_have_read_userlist() or self._deployment_is_under_way()):
            self.ecs.update_service(
                cluster=self.cluster_name, service=self.service_name, forceNewDeployment=True
            )

    def test_secret(self) -> None:
        """Wait until every task has read the list, and log in with the pending version."""
        self.ecs.get_waiter("services_stable").wait(
            cluster=self.cluster_name,
            services=[self.service_name],
            WaiterConfig={"Delay": DEPLOYMENT_POLL_SECONDS, "MaxAttempts": DEPLOYMENT_POLLS},
        )
        # A deployment that failed and went back is stable, too.
        if not self._tasks_have_read_userlist():
            raise RotationError(
                f"tasks of {self.service_name} are older than the pool's list of users: the deployment went back; the "
                "service's events say why"
            )
        self.run(self._login(PENDING), "SELECT 1")

    def finish_secret(self) -> None:
        """Make the pending version the current one, unless it is."""
        versions = self.secrets_manager.describe_secret(SecretId=self.secret_id)["VersionIdsToStages"]
        [current] = [version for version, stages in versions.items() if CURRENT in stages]
        if current == self.version_id:
            return
        self.secrets_manager.update_secret_version_stage(
            SecretId=self.secret_id,
            VersionStage=CURRENT,
            MoveToVersionId=self.version_id,
            RemoveFromVersionId=current,
        )

    def _login(self, stage: str) -> Login:
        """A version at the pool's address of today: what it holds itself is that of its own time."""
        version = {"VersionId": self.version_id} if stage == PENDING else {}
        found = self.secrets_manager.get_secret_value(SecretId=self.secret_id, VersionStage=stage, **version)
        return {**json.loads(found["SecretString"]), **self.address}

    def _read_userlist(self) -> dict[str, str]:
        found = self.secrets_manager.get_secret_value(SecretId=self.userlist_secret_id)
        return dict(re.findall(r'^"([^"]+)" "([^"]+)"$', found["SecretString"], re.MULTILINE))

    def _tasks_have_read_userlist(self) -> bool:
        """Whether every task of the service started after the list was last written. There are never more than a page has."""
        written = self._userlist_written()
        arns = self.ecs.list_tasks(cluster=self.cluster_name, serviceName=self.service_name)["taskArns"]
        tasks = self.ecs.describe_tasks(cluster=self.cluster_name, tasks=arns)["tasks"] if arns else []
        return bool(tasks) and all(task["createdAt"] > written for task in tasks)

    def _deployment_is_under_way(self) -> bool:
        """Whether a deployment that began after the list was last written still runs."""
        found = self.ecs.describe_services(cluster=self.cluster_name, services=[self.service_name])
        [primary] = [each for each in found["services"][0]["deployments"] if each["status"] == "PRIMARY"]
        return bool(
            primary["rolloutState"] == "IN_PROGRESS" and primary["createdAt"] > self._userlist_written()
        )

    def _userlist_written(self) -> datetime:
        found = self.secrets_manager.get_secret_value(SecretId=self.userlist_secret_id)
        written: datetime = found["CreatedDate"]
        return written

    def _write_userlist(self, verifiers: Mapping[str, str]) -> None:
        self.secrets_manager.put_secret_value(
            SecretId=self.userlist_secret_id, SecretString=userlist(verifiers)
        )


STEPS: Mapping[str, Callable[[Rotation], None]] = {
    "createSecret": Rotation.create_secret,
    "setSecret": Rotation.set_secret,
    "testSecret": Rotation.test_secret,
    "finishSecret": Rotation.finish_secret,
}


def handler(event: Mapping[str, str], _context: object) -> None:
    """One step, as Secrets Manager asks for it. Raises RotationError, and what the AWS SDK does."""
    log.info("%s of version %s", event["Step"], event["ClientRequestToken"])
    rotation = Rotation(
        secret_id=event["SecretId"],
        version_id=event["ClientRequestToken"],
        userlist_secret_id=os.environ["USERLIST_SECRET_ARN"],
        cluster_name=os.environ["CLUSTER_NAME"],
        service_name=os.environ["SERVICE_NAME"],
        address={
            "host": os.environ["POOLER_HOST"],
            "port": int(os.environ["POOLER_PORT"]),
            "dbname": os.environ["POOLER_DATABASE"],
        },
        secrets_manager=boto3.client("secretsmanager"),
        ecs=boto3.client("ecs"),
        run=run_through_pool,
    )
    STEPS[event["Step"]](rotation)


class ScramConnection(Connection):  # type: ignore[misc]
    """A connection that proves its password by SCRAM or not at all.

    Nothing says who answers (`_encryption`), and whoever does has only to ask: pg8000 would send the password as it is. At the
    end of SCRAM the server has proven, too, that it knows the verifier.
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
            login["username"],
            password=login["password"],
            host=login["host"],
            port=login["port"],
            database=login["dbname"],
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
        raise kind(f"the pool or the database refused {login['username']}: {message}") from None
    except (InterfaceError, OSError) as error:
        raise RotationError(
            f"the pool at {login['host']}:{login['port']} does not answer: {type(error).__name__}"
        ) from None


def _encryption() -> ssl.SSLContext:
    """Encryption without proof of who answers: each task has a certificate of its own making, as for every client."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _new_password() -> str:
    """Letters and digits, which need no quoting in a connection string."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(PASSWORD_LENGTH))


def _salt(version_id: str) -> bytes:
    """Another one for each version and the same one for each try: a salt has to be unique, and need not be secret."""
    return hashlib.sha256(version_id.encode()).digest()[:SALT_BYTES]
