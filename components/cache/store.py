"""What a store on ElastiCache and one on MemoryDB have in common: who may reach it, and who may log in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_random as random
from pulumi_aws import ec2, secretsmanager, vpc

from components.cache.access import StoreUser
from components.durability import Durability
from components.network import NetworkAttachment
from components.parameters.cache_table import Engine, Family
from components.parameters.spec import Parameter
from components.postgres.instance import Clients
from components.secrets import Credentials, CredentialsArgs
from contract.logins import store_login

# The declared version is the version: after an upgrade that nobody declared, every plan would go back, which the provider
# does by replacing the store. See docs/adr/0010-redis-persistence.md.
AUTO_MINOR_VERSION_UPGRADE = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretsArgs:
    """How the users' credentials are kept: under a key, for a while after their deletion, and in a second region."""

    kms_key_arn: pulumi.Input[str]
    recovery_window_days: int
    replica_region: str
    replica_kms_key_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreArgs:
    """What every store needs. `snapshot_window` and `maintenance_window` are in UTC, in AWS's own notation.

    `identifier` is fixed because users, log groups and runbooks name it; changing it replaces the store. There are `shards`
    times one node and its `replicas_per_shard`. Without `apply_immediately` a change that interrupts service waits for the
    maintenance window. Snapshots are kept for `snapshot_retention_days`, 0 for none.
    """

    identifier: str
    engine: Engine
    engine_version: str
    parameter_group_family: Family
    parameters: Sequence[Parameter]
    node_type: str
    shards: int
    replicas_per_shard: int
    port: int
    users: Sequence[StoreUser]
    network: NetworkAttachment
    clients: Clients
    secrets: SecretsArgs
    kms_key_arn: pulumi.Input[str]
    event_topic_arn: pulumi.Input[str]
    snapshot_retention_days: int
    snapshot_window: str
    maintenance_window: str
    durability: Durability = Durability.RETAIN


class Store(pulumi.ComponentResource):
    """Stateful. A store with its security group, users and their secrets. A subclass says what serves it.

    Nobody may connect but `clients`.
    """

    address: pulumi.Output[str]
    port: pulumi.Output[int]
    arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    secret_arns: Mapping[str, pulumi.Output[str]]

    def __init__(
        self,
        type_token: str,
        name: str,
        args: StoreArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(type_token, name, None, opts)
        self._name, self._store_args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._security_group = ec2.SecurityGroup(
            f"{name}-security-group",
            vpc_id=args.network.vpc_id,
            description=f"who may connect to {args.identifier}",
            tags={"Name": args.identifier},
            opts=self._child,
        )
        self.security_group_id = self._security_group.id
        for client_id in args.clients.security_group_ids:
            self._allow(client_id, referenced_security_group_id=client_id)
        for cidr in args.clients.cidrs:
            self._allow(cidr, cidr_ipv4=cidr)
        self._credentials = {user.name: self._define_credentials(user) for user in args.users}
        self.secret_arns = {user: each.secret_arn for user, each in self._credentials.items()}

    def _allow(
        self, client: str, *, referenced_security_group_id: str | None = None, cidr_ipv4: str | None = None
    ) -> None:
        vpc.SecurityGroupIngressRule(
            f"{self._name}-from-{client}",
            security_group_id=self._security_group.id,
            description=f"{self._store_args.identifier} from {client}",
            referenced_security_group_id=referenced_security_group_id,
            cidr_ipv4=cidr_ipv4,
            ip_protocol="tcp",
            from_port=self._store_args.port,
            to_port=self._store_args.port,
            opts=self._child,
        )

    def _define_credentials(self, user: StoreUser) -> Credentials:
        args = self._store_args
        return Credentials(
            f"{self._name}-{user.name}",
            CredentialsArgs(
                secret_name_prefix=f"{args.identifier}-{user.name}-",
                username=self._login(user),
                kms_key_arn=args.secrets.kms_key_arn,
                recovery_window_days=args.secrets.recovery_window_days,
                replica_region=args.secrets.replica_region,
                replica_kms_key_arn=args.secrets.replica_kms_key_arn,
                durability=args.durability,
            ),
            self._child,
        )

    def _login(self, user: StoreUser) -> str:
        """What the user logs in as."""
        return user.name

    def _user_id(self, name: str) -> str:
        """What AWS knows the user as: an account's users are one space."""
        return f"{self._store_args.identifier}-{name}"

    def _write_connections(
        self, *, host: pulumi.Input[str], port: pulumi.Input[int], cluster_mode: bool
    ) -> None:
        """The content of each user's secret: where the store is, and how to get in."""
        for name, credentials in self._credentials.items():
            secretsmanager.SecretVersion(
                f"{self._name}-{name}-version",
                secret_id=credentials.secret_arn,
                secret_string=pulumi.Output.json_dumps(
                    store_login(
                        engine=self._store_args.engine,
                        host=host,
                        port=port,
                        username=credentials.username,
                        password=credentials.password,
                        cluster_mode=cluster_mode,
                    )
                ),
                # A version is replaced by every change of its content, so it cannot be protected; it can be left behind.
                opts=pulumi.ResourceOptions.merge(
                    self._child,
                    pulumi.ResourceOptions(retain_on_delete=self._store_args.durability.retains),
                ),
            )

    def _stateful(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(
            pulumi.ResourceOptions.merge(self._child, self._store_args.durability.options()),
            pulumi.ResourceOptions(depends_on=list(depends_on)),
        )

    def _final_snapshot(self) -> pulumi.Output[str] | None:
        """Unique, so that it collides with no snapshot of an earlier store; stable, so that it is never a change."""
        if not self._store_args.durability.retains:
            return None
        identifier = self._store_args.identifier
        suffix = random.RandomId(
            f"{self._name}-final-snapshot",
            byte_length=4,
            keepers={"identifier": identifier},
            opts=self._child,
        )
        return suffix.hex.apply(lambda text: f"{identifier}-final-{text}")

    def _outputs(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "port": self.port,
            "arn": self.arn,
            "security_group_id": self.security_group_id,
            "secret_arns": self.secret_arns,
        }
