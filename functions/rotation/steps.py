"""The steps of a rotation: a new password for the applications' login to the pool, and no login refused meanwhile.

Secrets Manager calls the handler four times for one rotation, and again from the first step if one fails: every step
may be repeated. Two database users take turns. The one that rests gets the new password; the one in use keeps its own
until the next rotation, so whoever has not read the secret again goes on working.

1. `createSecret` puts the resting user and a new password into a pending version of the secret.
2. `setSecret` logs in through the pool as the resting user with its old password, sets the new one, writes the new verifier
   into the pool's list of users, and starts a deployment: tasks read that list when they start.
3. `testSecret` waits for the deployment, sees that every task is newer than the list, and logs in through the pool with
   the pending version.
4. `finishSecret` makes the pending version the current one.

A role may change its own password, so no administrator's credentials are needed here, and no way to the database but
the pool's. What is sent to the database is the SCRAM verifier and never the password.
"""

import hashlib
import json
import logging
import re
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pg8000.native import literal

from contract.logins import PASSWORD, PASSWORD_LENGTH, USERNAME
from contract.scram import SALT_BYTES, userlist, verifier
from functions.rotation.login import Login, RotationError, WrongPasswordError

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
# New tasks start within two minutes, old ones drain for two and stop within two more. Twelve minutes of the fifteen
# that a function has.
DEPLOYMENT_POLL_SECONDS, DEPLOYMENT_POLLS = 15, 48

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """One rotation of the applications' secret; `version_id` is its pending version, `address` the pool's host, port
    and dbname.

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
        if resting[USERNAME] == current[USERNAME]:
            raise RotationError(
                f"the secret's current and previous version are both of user {current[USERNAME]}, so the other user's "
                "password is unknown; put a version with each into the secret, the one in use last"
            )
        pending = {**current, USERNAME: resting[USERNAME], PASSWORD: _new_password()}
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
        if resting[USERNAME] != pending[USERNAME]:
            raise RotationError(
                f"the pending version is of user {pending[USERNAME]} and the previous one of {resting[USERNAME]}: somebody "
                f"put a version into the secret meanwhile; take {PENDING} off version {self.version_id} and rotate again"
            )
        computed = verifier(pending[PASSWORD], _salt(self.version_id))
        verifiers = self._read_userlist()
        if verifiers.get(pending[USERNAME]) != computed:
            try:
                self.run(resting, f"ALTER ROLE CURRENT_USER PASSWORD {literal(computed)}")
            except WrongPasswordError:
                # An earlier try got as far as this and no further. If it was somebody else, the test will tell.
                log.warning("the database no longer takes the previous password of %s", pending[USERNAME])
            self._write_userlist({**verifiers, pending[USERNAME]: computed})
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
        """Whether every task of the service started after the list was last written. There are never more than a page
        has.
        """
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


def _new_password() -> str:
    """Letters and digits, which need no quoting in a connection string."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(PASSWORD_LENGTH))


def _salt(version_id: str) -> bytes:
    """Another one for each version and the same one for each try: a salt has to be unique, and need not be secret."""
    return hashlib.sha256(version_id.encode()).digest()[:SALT_BYTES]
