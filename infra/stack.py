"""The platform on one page, top to bottom in dependency order."""

import pulumi

from infra.config.stack import StackConfig
from infra.outputs import Outputs, merged
from infra.providers import declare_providers
from infra.wiring.alarms import declare_alarms
from infra.wiring.backups import declare_backups
from infra.wiring.cache import declare_stores
from infra.wiring.names import declare_names
from infra.wiring.pgbouncer import declare_pool
from infra.wiring.postgres import declare_postgres
from infra.wiring.regional import declare_regions
from infra.wiring.scale_up import declare_scale_up, with_running_sizes
from infra.wiring.topics import declare_topics


def declare(declared: StackConfig, admin_password: pulumi.Output[str] | None = None) -> Outputs:
    """Declare everything that a stack file asks for, and return the stack's outputs.

    `declared` holds the sizes of the file. `config` holds the sizes that run, which scale-up may have raised:
    everything that is computed from a size follows those. Omitted `admin_password` (a secret): one is generated.
    """
    providers = declare_providers(declared)
    config = with_running_sizes(declared, providers)

    regions = declare_regions(config, providers)
    postgres = declare_postgres(config, regions, admin_password)
    pool = declare_pool(config, regions, postgres)
    stores = declare_stores(config, regions)
    names = declare_names(config, regions, postgres=postgres, pool=pool, stores=stores)
    backups = declare_backups(config, regions, postgres)

    topics = declare_topics("alarms", config, regions.primary)
    scale_up = declare_scale_up(declared, regions, postgres=postgres, stores=stores, topics=topics)
    alarms = declare_alarms(
        config, regions, postgres=postgres, pool=pool, backups=backups, topics=topics, scale_up=scale_up
    )

    return merged(
        regions.outputs(),
        postgres.outputs(),
        pool.outputs(),
        stores.outputs(),
        names.outputs(),
        backups.outputs(),
        alarms.outputs(),
    )
