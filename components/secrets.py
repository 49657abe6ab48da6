"""Stateful. Credentials: made by Pulumi, kept in Secrets Manager, copied to the DR region, passed on by ARN."""

from dataclasses import dataclass

import pulumi
import pulumi_random as random
from pulumi_aws import secretsmanager

from components.durability import Durability

# RDS takes 8 to 128 printable characters without / @ " and space (RDS guide, "Constraints for master password");
# 32 letters and digits are 190 bits, and need no quoting in a connection string.
PASSWORD_LENGTH = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class CredentialsArgs:
    """One user's credentials. Omitted `password`: a random one is made and never shown.

    `secret_name_prefix` is followed by a suffix of AWS's own, so that a secret that waits for its deletion never
    blocks a new one. `recovery_window_days` (7 to 30) is how long a deleted secret can still be restored.
    """

    secret_name_prefix: str
    username: str
    kms_key_arn: pulumi.Input[str]
    recovery_window_days: int
    replica_region: str
    replica_kms_key_arn: pulumi.Input[str]
    password: pulumi.Output[str] | None = None
    durability: Durability = Durability.RETAIN


class Credentials(pulumi.ComponentResource):
    """Stateful. A password and the secret that will hold it, with a replica in the DR region.

    Whoever creates the user writes the secret's version, because only there the server's address is known.
    """

    username: str
    password: pulumi.Output[str]
    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:secrets:Credentials", name, None, opts)
        self.username = args.username
        self.password = self._generate(name) if args.password is None else pulumi.Output.secret(args.password)
        secret = secretsmanager.Secret(
            f"{name}-secret",
            name_prefix=args.secret_name_prefix,
            description="credentials of a database user, generated or configured by the platform",
            kms_key_id=args.kms_key_arn,
            recovery_window_in_days=args.recovery_window_days,
            replicas=[
                secretsmanager.SecretReplicaArgs(
                    region=args.replica_region, kms_key_id=args.replica_kms_key_arn
                )
            ],
            opts=pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), args.durability.options()),
        )
        self.secret_arn = secret.arn
        self.register_outputs({"secret_arn": self.secret_arn})

    def _generate(self, name: str) -> pulumi.Output[str]:
        generated = random.RandomPassword(
            f"{name}-password",
            length=PASSWORD_LENGTH,
            special=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return generated.result
