"""Stateful. A store on MemoryDB: what was written is in a log over several zones before the client is told so."""

import pulumi
from pulumi_aws import memorydb

from components.cache.access import StoreUser
from components.cache.store import AUTO_MINOR_VERSION_UPGRADE, Store, StoreArgs


class MemoryDbCluster(Store):
    """Stateful. The cluster with its groups, users and access control list.

    MemoryDB fails over wherever there is a replica, and delivers no logs.
    """

    def __init__(self, name: str, args: StoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("reptidex:cache:MemoryDbCluster", name, args, opts)
        cluster = self._define_cluster(self._define_acl())
        endpoint = cluster.cluster_endpoints[0]
        self.arn = cluster.arn
        self.address = endpoint.apply(lambda found: found.address or "")
        self.port = endpoint.apply(lambda found: found.port or args.port)
        self._write_connections(host=self.address, port=self.port, cluster_mode=True)
        self.register_outputs(self._outputs())

    def _define_cluster(self, acl: memorydb.Acl) -> memorydb.Cluster:
        store = self._store_args
        return memorydb.Cluster(
            f"{self._name}-cluster",
            name=store.identifier,
            description=store.identifier,
            engine=store.engine,
            engine_version=store.engine_version,
            auto_minor_version_upgrade=AUTO_MINOR_VERSION_UPGRADE,
            node_type=store.node_type,
            num_shards=store.shards,
            num_replicas_per_shard=store.replicas_per_shard,
            parameter_group_name=self._define_parameter_group().name,
            acl_name=acl.name,
            port=store.port,
            subnet_group_name=self._define_subnet_group().name,
            security_group_ids=[self._security_group.id],
            kms_key_arn=store.kms_key_arn,
            tls_enabled=True,
            snapshot_retention_limit=store.snapshot_retention_days,
            snapshot_window=store.snapshot_window,
            maintenance_window=store.maintenance_window,
            final_snapshot_name=self._final_snapshot(),
            sns_topic_arn=store.event_topic_arn,
            tags={"Name": store.identifier},
            opts=self._stateful(),
        )

    def _define_parameter_group(self) -> memorydb.ParameterGroup:
        """Named by Pulumi: a new family needs a new group while the store still uses the old one."""
        store = self._store_args
        return memorydb.ParameterGroup(
            f"{self._name}-parameters",
            family=store.parameter_group_family,
            description=f"parameters of {store.identifier}",
            parameters=[
                memorydb.ParameterGroupParameterArgs(name=parameter.name, value=parameter.value)
                for parameter in store.parameters
            ],
            opts=self._child,
        )

    def _define_subnet_group(self) -> memorydb.SubnetGroup:
        store = self._store_args
        return memorydb.SubnetGroup(
            f"{self._name}-subnets",
            description=f"isolated subnets of {store.identifier}",
            subnet_ids=store.network.data_subnet_ids,
            opts=self._child,
        )

    def _define_acl(self) -> memorydb.Acl:
        """Whoever is not on the list is refused: there is no default user."""
        users = [
            memorydb.User(
                f"{self._name}-user-{user.name}",
                user_name=self._login(user),
                access_string=user.access_string,
                authentication_mode=memorydb.UserAuthenticationModeArgs(
                    type="password", passwords=[self._credentials[user.name].password]
                ),
                opts=pulumi.ResourceOptions.merge(
                    self._child, pulumi.ResourceOptions(additional_secret_outputs=["authenticationMode"])
                ),
            )
            for user in self._store_args.users
        ]
        return memorydb.Acl(
            f"{self._name}-users",
            name=self._store_args.identifier,
            user_names=[user.user_name for user in users],
            opts=self._child,
        )

    def _login(self, user: StoreUser) -> str:
        """MemoryDB knows a user by the name that it logs in with."""
        return self._user_id(user.name)
