"""The foundation of each of the two regions: its placement, keys, network and notification topic."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import subnets
from components.encryption import DataClass, Keys, KeysArgs
from components.network import Network, NetworkArgs, NetworkAttachment
from components.placement import Placement
from components.secrets import SecretStorage
from components.topics import NotificationTopic, NotificationTopicArgs
from contract.outputs import OutputKey
from infra.config.network import AnyNetwork, ExistingNetwork
from infra.config.stack import StackConfig
from infra.outputs import Outputs
from infra.providers import Providers

# The DR region has neither stores nor the pool's images: a key for them would encrypt nothing.
DR_DATA_CLASSES = tuple(each for each in DataClass if each not in {DataClass.CACHE, DataClass.IMAGES})


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """One region's foundation. `opts` make a resource there."""

    placement: Placement
    opts: pulumi.ResourceOptions
    keys: Keys
    network: NetworkAttachment
    notifications: NotificationTopic

    @property
    def name(self) -> str:
        """The region's name, such as us-east-1."""
        return self.placement.region

    def key_arn(self, data_class: DataClass) -> pulumi.Output[str]:
        """The ARN of the key of a class of data in this region."""
        return self.keys.arns[data_class]


@dataclass(frozen=True, kw_only=True, slots=True)
class Regions:
    """Both regions' foundations. `secrets` keeps secrets in the primary region, with copies in the DR region."""

    primary: Region
    dr: Region
    secrets: SecretStorage

    def outputs(self) -> Outputs:
        """The networks, database keys and notification topics of both regions."""
        primary, dr = self.primary, self.dr
        return {
            OutputKey.PRIMARY_REGION: primary.name,
            OutputKey.PRIMARY_VPC_ID: primary.network.vpc_id,
            OutputKey.PRIMARY_APP_SUBNET_IDS: primary.network.app_subnet_ids,
            OutputKey.PRIMARY_DATA_SUBNET_IDS: primary.network.data_subnet_ids,
            OutputKey.PRIMARY_DATABASE_KEY_ARN: primary.key_arn(DataClass.DATABASE),
            OutputKey.NOTIFICATION_TOPIC_ARN: primary.notifications.arn,
            OutputKey.DR_REGION: dr.name,
            OutputKey.DR_VPC_ID: dr.network.vpc_id,
            OutputKey.DR_APP_SUBNET_IDS: dr.network.app_subnet_ids,
            OutputKey.DR_DATA_SUBNET_IDS: dr.network.data_subnet_ids,
            OutputKey.DR_DATABASE_KEY_ARN: dr.key_arn(DataClass.DATABASE),
            OutputKey.DR_NOTIFICATION_TOPIC_ARN: dr.notifications.arn,
        }


def declare_regions(config: StackConfig, providers: Providers) -> Regions:
    """Both regions. Logical names in the DR region begin with `dr-`."""
    primary = _declare_region(
        config,
        name=config.regions.primary,
        prefix="",
        provider=providers.primary,
        network=config.network.primary,
        data_classes=tuple(DataClass),
        interface_endpoints=config.network.interface_endpoints,
    )
    dr = _declare_region(
        config,
        name=config.regions.dr,
        prefix="dr-",
        provider=providers.dr,
        network=config.network.dr,
        data_classes=DR_DATA_CLASSES,
    )
    secrets = SecretStorage(
        kms_key_arn=primary.key_arn(DataClass.SECRETS),
        recovery_window_days=config.secrets.recovery_window_days,
        replica_region=dr.name,
        replica_kms_key_arn=dr.key_arn(DataClass.SECRETS),
        placement=primary.placement,
    )
    return Regions(primary=primary, dr=dr, secrets=secrets)


def _declare_region(
    config: StackConfig,
    *,
    name: str,
    prefix: str,
    provider: aws.Provider,
    network: AnyNetwork,
    data_classes: Sequence[DataClass],
    interface_endpoints: Sequence[str] = (),
) -> Region:
    opts = pulumi.ResourceOptions(provider=provider)
    placement = Placement(
        account_id=config.account_id,
        region=name,
        names=config.names,
        log_retention_days=config.logs.retention_days,
        durability=config.durability,
    )
    keys = Keys(
        f"{prefix}keys",
        KeysArgs(
            placement=placement,
            data_classes=data_classes,
            deletion_window_days=config.encryption.deletion_window_days,
        ),
        opts,
    )
    return Region(
        placement=placement,
        opts=opts,
        keys=keys,
        network=_declare_network(
            f"{prefix}network",
            network,
            placement,
            interface_endpoints=interface_endpoints,
            logs_key_arn=keys.arns[DataClass.LOGS],
            opts=opts,
        ),
        notifications=NotificationTopic(
            f"{prefix}notifications",
            NotificationTopicArgs(
                placement=placement,
                kms_key_arn=keys.arns[DataClass.NOTIFICATIONS],
                email_addresses=config.notifications.email_addresses,
            ),
            opts,
        ),
    )


def _declare_network(
    name: str,
    wanted: AnyNetwork,
    placement: Placement,
    *,
    interface_endpoints: Sequence[str],
    logs_key_arn: pulumi.Input[str],
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
        placement=placement,
        availability_zones=wanted.availability_zones,
        subnets=subnets.plan(wanted.cidr, availability_zones=len(wanted.availability_zones)),
        interface_endpoints=interface_endpoints,
        logs_key_arn=logs_key_arn,
    )
    return Network(name, args, opts).attachment
