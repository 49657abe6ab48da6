"""What each of the two regions has: its provider, keys, network and notification topic."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import subnets
from components.encryption import DataClass, Keys, KeysArgs
from components.network import Network, NetworkArgs, NetworkAttachment
from components.notifications import NotificationTopic, NotificationTopicArgs
from contract.names import PhysicalNames
from infra.config.network import AnyNetwork, ExistingNetwork
from infra.config.stack import StackConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """One region's foundation. `opts` make a resource there."""

    name: str
    opts: pulumi.ResourceOptions
    keys: Keys
    network: NetworkAttachment
    notifications: NotificationTopic

    def key_arn(self, data_class: DataClass) -> pulumi.Output[str]:
        """The key of a class of data in this region."""
        return self.keys.arns[data_class]


def declare_region(
    config: StackConfig,
    *,
    name: str,
    prefix: str,
    provider: aws.Provider,
    network: AnyNetwork,
    data_classes: Sequence[DataClass] = tuple(DataClass),
    interface_endpoints: Sequence[str] = (),
) -> Region:
    """Keys of `data_classes`, network and topic of the region `name`; their logical names begin with `prefix`."""
    opts = pulumi.ResourceOptions(provider=provider)
    keys = Keys(
        f"{prefix}keys",
        KeysArgs(
            account_id=config.account_id,
            region=name,
            names=PhysicalNames(config.stack),
            data_classes=data_classes,
            deletion_window_days=config.encryption.deletion_window_days,
            durability=config.durability,
        ),
        opts,
    )
    return Region(
        name=name,
        opts=opts,
        keys=keys,
        network=_network(
            f"{prefix}network",
            network,
            region=name,
            interface_endpoints=interface_endpoints,
            keys=keys,
            config=config,
            opts=opts,
        ),
        notifications=NotificationTopic(
            f"{prefix}notifications",
            NotificationTopicArgs(
                account_id=config.account_id,
                kms_key_arn=keys.arns[DataClass.NOTIFICATIONS],
                email_addresses=config.notifications.email_addresses,
            ),
            opts,
        ),
    )


def _network(
    name: str,
    wanted: AnyNetwork,
    *,
    region: str,
    interface_endpoints: Sequence[str],
    keys: Keys,
    config: StackConfig,
    opts: pulumi.ResourceOptions,
) -> NetworkAttachment:
    """The network to attach to: a new one, or the existing one that the configuration names."""
    if isinstance(wanted, ExistingNetwork):
        return NetworkAttachment(
            vpc_id=wanted.vpc_id,
            app_subnet_ids=wanted.app_subnet_ids,
            data_subnet_ids=wanted.data_subnet_ids,
        )
    args = NetworkArgs(
        account_id=config.account_id,
        region=region,
        names=PhysicalNames(config.stack),
        availability_zones=wanted.availability_zones,
        subnets=subnets.plan(wanted.cidr, availability_zones=len(wanted.availability_zones)),
        interface_endpoints=interface_endpoints,
        logs_key_arn=keys.arns[DataClass.LOGS],
        flow_log_retention_days=config.logs.retention_days,
        durability=config.durability,
    )
    return Network(name, args, opts).attachment
