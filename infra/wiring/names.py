"""The stable names of the services, in a private zone of each region's VPC."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.dns import Service, ServiceNames, ServiceNamesArgs
from contract.outputs import OutputKey
from infra.config.stack import StackConfig
from infra.outputs import Outputs
from infra.wiring.cache import Stores
from infra.wiring.pgbouncer import Pool
from infra.wiring.postgres import PostgresServers
from infra.wiring.regional import Region, Regions


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The names in the primary region; those in the DR region are the same, without the pool's."""

    primary: ServiceNames

    def outputs(self) -> Outputs:
        """The name of each service."""
        names = self.primary.names
        return {
            OutputKey.POSTGRES_WRITER_NAME: names[Service.WRITER],
            OutputKey.POSTGRES_READERS_NAME: names[Service.READERS],
            OutputKey.POOLER_NAME: names[Service.POOLER],
            OutputKey.CACHE_NAME: names[Service.CACHE],
            OutputKey.SESSIONS_NAME: names[Service.SESSIONS],
        }


def declare_names(
    config: StackConfig, regions: Regions, *, postgres: PostgresServers, pool: Pool, stores: Stores
) -> Names:
    """The names in both regions."""
    addresses = {
        Service.WRITER: postgres.writer.address,
        Service.CACHE: stores.cache.address,
        Service.SESSIONS: stores.sessions.address,
    }
    with_pool = {**addresses, Service.POOLER: pool.pooler.address}
    primary = ServiceNames(
        "names", _names_args(config, postgres, regions.primary, with_pool), regions.primary.opts
    )
    ServiceNames("dr-names", _names_args(config, postgres, regions.dr, addresses), regions.dr.opts)
    return Names(primary=primary)


def _names_args(
    config: StackConfig,
    postgres: PostgresServers,
    region: Region,
    addresses: Mapping[Service, pulumi.Input[str]],
) -> ServiceNamesArgs:
    return ServiceNamesArgs(
        zone_name=config.dns.zone_name,
        vpc_id=region.network.vpc_id,
        region=region.name,
        addresses=addresses,
        readers={name: reader.address for name, reader in postgres.readers[region.name].items()},
    )
