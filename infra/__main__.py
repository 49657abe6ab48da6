"""The Pulumi program."""

from infra.config.reading import load_admin_password, load_engine
from infra.outputs import export
from infra.stack import declare

export(declare(load_engine(), load_admin_password()))
