"""What a store on ElastiCache and one on MemoryDB have in common: who may reach it, and who may log in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import ec2, secretsmanager

from components.cache.access import StoreUser
from components.clients import Clients
from components.network import NetworkAttachment
from components.parameters.cache_table import Engine, Family
from components.parameters.spec import Parameter
from components.placement import Placement
from components.secrets import Credentials, CredentialsArgs, SecretStorage
from components.security_groups import ServerSecurityGroup
from contract.logins import store_login

# The declared version is the version: after an upgrade that nobody declared, every plan would go back, which the provider
# does by replacing the store. See docs/adr/0010-redis-persistence.md.
AUTO_MINOR_VERSION_UPGRADE = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreArgs:
    """What every store needs. `snapshot_window` and `maintenance_window` are in UTC, in AWS's own notation.

    `identifier` is fixed because users, log groups and runbooks name it; changing it replaces the store. There are `shards`
    times one node and its `replicas_per_shard`. Without `apply_immediately` a change that interrupts service waits for the
    maintenance window. Snapshots are kept for `snapshot_retention_days`, 0 for none.
    """

    placement: Placement
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
    secrets: SecretStorage
    kms_key_arn: pulumi.Input[str]
    event_topic_arn: pulumi.Input[str]
    snapshot_retention_days: int
    snapshot_window: str
    maintenance_window: str


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
        ServerSecurityGroup(
            name, self._security_group, protocol=args.identifier, port=args.port, opts=self._child
        ).allow_all(args.clients)
        self._credentials = {user.name: self._define_credentials(user) for user in args.users}
        self.secret_arns = {user: each.secret_arn for user, each in self._credentials.items()}

    def _define_credentials(self, user: StoreUser) -> Credentials:
        args = self._store_args
        return Credentials(
            f"{self._name}-{user.name}",
            CredentialsArgs(
                secret_name_prefix=f"{args.identifier}-{user.name}-",
                username=self._login(user),
                storage=args.secrets,
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
                    pulumi.ResourceOptions(retain_on_delete=self._store_args.placement.durability.retains),
                ),
            )

    def _stateful(self, *options: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        return self._store_args.placement.stateful(self._child, *options)

    def _final_snapshot(self) -> pulumi.Output[str] | None:
        args = self._store_args
        return args.placement.durability.final_snapshot(self._name, args.identifier, self._child)

    def _outputs(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "port": self.port,
            "arn": self.arn,
            "security_group_id": self.security_group_id,
            "secret_arns": self.secret_arns,
        }
