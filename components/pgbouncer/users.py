"""Stateful. Who logs in through the pool: two users that take turns, so that a new password never refuses anybody.

PostgreSQL has one password for each role. A rotation therefore changes the password of the user that is not in use,
makes it known to the pool, and only then tells the applications: those that have not looked yet go on as the other
user.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_random as random
from pulumi_aws import secretsmanager

from components.secrets import SecretStorage, generate_password
from contract.logins import database_login
from contract.scram import SALT_BYTES, userlist, verifier

# The first version of the secret is of the user that rests, the second of the one in use: a rotation finds the password
# of the resting user in the version before the current one, the first time as every time.
RESTING, ACTIVE = "b", "a"


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolUsersArgs:
    """`username` gets the suffixes `_a` and `_b`. `host`, `port` and `database_name` are the pool's, for the
    applications.

    Both secrets are named by the prefix and a suffix of AWS's own. The applications' secret has a replica in the DR
    region.
    """

    username: str
    secret_name_prefix: str
    host: str
    port: int
    database_name: str
    storage: SecretStorage


class PoolUsers(pulumi.ComponentResource):
    """Stateful. The applications' secret, and the pool's list of users with their SCRAM verifiers.

    `verifiers` are by username, as PostgreSQL stores them: what a role is created with. What both secrets hold is
    written once; from then on rotation writes it, and nothing here ever sets it back. `app_secret_version` and
    `userlist_version` are there once both hold something.
    """

    usernames: tuple[str, str]
    verifiers: Mapping[str, pulumi.Output[str]]
    app_secret_arn: pulumi.Output[str]
    userlist_secret_arn: pulumi.Output[str]
    app_secret_version: pulumi.Resource
    userlist_version: pulumi.Resource

    def __init__(self, name: str, args: PoolUsersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:pgbouncer:PoolUsers", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        passwords = {
            turn: generate_password(f"{name}-password-{turn}", self._child) for turn in (RESTING, ACTIVE)
        }
        verifiers = {turn: self._compute_verifier(turn, password) for turn, password in passwords.items()}
        app = self._define_secret(
            "app", "what applications log in to the pool with; rotated", is_replicated=True
        )
        resting = self._define_version("app-resting", app, self._login(RESTING, passwords[RESTING]))
        active = self._define_version(
            "app-active", app, self._login(ACTIVE, passwords[ACTIVE]), after=resting
        )
        users = self._define_secret(
            "userlist", "the pool's users and their SCRAM verifiers; rotated", is_replicated=False
        )
        listed = self._define_version(
            "userlist",
            users,
            pulumi.Output.all(**{self._username(turn): each for turn, each in verifiers.items()}).apply(
                userlist
            ),
        )
        self.usernames = (self._username(ACTIVE), self._username(RESTING))
        self.verifiers = {self._username(turn): each for turn, each in verifiers.items()}
        self.app_secret_arn = app.arn
        self.userlist_secret_arn = users.arn
        self.app_secret_version = active
        self.userlist_version = listed
        self.register_outputs(
            {"app_secret_arn": self.app_secret_arn, "userlist_secret_arn": self.userlist_secret_arn}
        )

    def _username(self, turn: str) -> str:
        return f"{self._args.username}_{turn}"

    def _compute_verifier(self, turn: str, password: pulumi.Output[str]) -> pulumi.Output[str]:
        salt = random.RandomId(f"{self._name}-salt-{turn}", byte_length=SALT_BYTES, opts=self._child)
        computed = pulumi.Output.all(password, salt.b64_std).apply(
            lambda parts: verifier(parts[0], base64.b64decode(parts[1]))
        )
        return pulumi.Output.secret(computed)

    def _login(self, turn: str, password: pulumi.Output[str]) -> pulumi.Output[str]:
        return pulumi.Output.json_dumps(
            database_login(
                host=self._args.host,
                port=self._args.port,
                database_name=self._args.database_name,
                username=self._username(turn),
                password=password,
            )
        )

    def _define_secret(self, role: str, description: str, *, is_replicated: bool) -> secretsmanager.Secret:
        args = self._args
        return args.storage.define_secret(
            f"{self._name}-{role}-secret",
            name_prefix=f"{args.secret_name_prefix}{role}-",
            description=description,
            opts=self._child,
            is_replicated=is_replicated,
        )

    def _define_version(
        self,
        role: str,
        secret: secretsmanager.Secret,
        content: pulumi.Output[str],
        after: pulumi.Resource | None = None,
    ) -> secretsmanager.SecretVersion:
        return secretsmanager.SecretVersion(
            f"{self._name}-{role}-version",
            secret_id=secret.arn,
            secret_string=content,
            # Secrets Manager may delete a version that has lost all labels, as every one does after two rotations. It
            # would then be made again, with the first password as the current one.
            version_stages=["AWSCURRENT", f"initial-{role}"],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[] if after is None else [after],
                retain_on_delete=self._args.storage.placement.durability.retains,
                # Rotation owns the content and the other labels from here on: a change here would bring a password back
                # that the database no longer has.
                ignore_changes=["secretString", "versionStages"],
            ),
        )
