"""DNS: what a stack file may say about it."""

from pydantic import Field

from infra.config.base import ConfigModel

# Labels of letters, digits and hyphens, at least two of them (RFC 1035, with RFC 1123's leading digits).
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


class DnsConfig(ConfigModel):
    """The private zone, in both regions' VPCs, that holds the stable names."""

    zone_name: str = Field(pattern=rf"^{LABEL}(\.{LABEL})+$", max_length=200)
