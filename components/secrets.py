"""Stateful. Credentials: made by Pulumi, kept in Secrets Manager, copied to the DR region, passed on by ARN."""

from dataclasses import dataclass

import pulumi
import pulumi_random as random
from pulumi_aws import secretsmanager

from components.placement import Placement
from contract.logins import PASSWORD_LENGTH, database_login


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretStorage:
    """The way secrets are kept: encrypted, recoverable for 7 to 30 days after deletion, and copied to the DR region."""

    kms_key_arn: pulumi.Input[str]
    recovery_window_days: int
    replica_region: str
    replica_kms_key_arn: pulumi.Input[str]
    placement: Placement

    def define_secret(
        self,
        name: str,
        *,
        name_prefix: str,
        description: str,
        opts: pulumi.ResourceOptions,
        is_replicated: bool = True,
    ) -> secretsmanager.Secret:
        """Stateful. A secret without content, registered as `name`.

        AWS adds a suffix to `name_prefix`, so that a secret that waits for its deletion never blocks a new one.
        """
        replica = secretsmanager.SecretReplicaArgs(
            region=self.replica_region, kms_key_id=self.replica_kms_key_arn
        )
        return secretsmanager.Secret(
            name,
            name_prefix=name_prefix,
            description=description,
            kms_key_id=self.kms_key_arn,
            recovery_window_in_days=self.recovery_window_days,
            replicas=[replica] if is_replicated else None,
            opts=self.placement.stateful(opts),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CredentialsArgs:
    """One user's credentials. Omitted `password`: a random one is generated and never shown."""

    secret_name_prefix: str
    username: str
    storage: SecretStorage
    password: pulumi.Output[str] | None = None


class Credentials(pulumi.ComponentResource):
    """Stateful. A password and the secret that will hold it, with a replica in the DR region.

    `DatabaseConnection` writes the secret's content, once the server's address is known.
    """

    username: str
    password: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    storage: SecretStorage

    def __init__(self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:secrets:Credentials", name, None, opts)
        self.username, self.storage = args.username, args.storage
        self.password = pulumi.Output.secret(self._generate(name) if args.password is None else args.password)
        secret = args.storage.define_secret(
            f"{name}-secret",
            name_prefix=args.secret_name_prefix,
            description="credentials of a database user, generated or configured by the platform",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.secret_arn = secret.arn
        self.register_outputs({"secret_arn": self.secret_arn})

    def _generate(self, name: str) -> pulumi.Output[str]:
        return generate_password(f"{name}-password", pulumi.ResourceOptions(parent=self))


def generate_password(name: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """A random password of letters and digits, registered as `name`."""
    return random.RandomPassword(name, length=PASSWORD_LENGTH, special=False, opts=opts).result


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseConnectionArgs:
    """What a client needs to connect as the credentials' user."""

    credentials: Credentials
    host: pulumi.Input[str]
    port: pulumi.Input[int]
    database_name: pulumi.Input[str]
    username: pulumi.Input[str]


class DatabaseConnection(pulumi.ComponentResource):
    """The content of a credentials' secret: where the database is, and how to get in. A change is a new version of it."""

    def __init__(
        self, name: str, args: DatabaseConnectionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("reptidex:secrets:DatabaseConnection", name, None, opts)
        secretsmanager.SecretVersion(
            f"{name}-version",
            secret_id=args.credentials.secret_arn,
            secret_string=pulumi.Output.json_dumps(
                database_login(
                    host=args.host,
                    port=args.port,
                    database_name=args.database_name,
                    username=args.username,
                    password=args.credentials.password,
                )
            ),
            # A version is replaced by every change of its content, so it cannot be protected; it can be left behind.
            opts=pulumi.ResourceOptions(
                parent=self, retain_on_delete=args.credentials.storage.placement.durability.retains
            ),
        )
        self.register_outputs({"secret_arn": args.credentials.secret_arn})
