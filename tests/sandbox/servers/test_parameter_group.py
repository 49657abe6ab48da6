"""Every PostgreSQL parameter group of both committed stacks on a real PostgreSQL 17 server.

Proves for every parameter that PostgreSQL has it and takes its value. Does not prove that RDS offers it, and proves
nothing of the rows that only RDS has.
"""

import pytest

from components.parameters.postgres_table import PARAMETERS
from sandbox.errors import SandboxError
from sandbox.servers import postgres
from sandbox.servers.fit import Fitted, fit_to_machine
from sandbox.servers.postgres import PostgresSpec
from tests.harness.platform import STACKS, declared, of_type

pytestmark = pytest.mark.usefixtures("postgres_programs")


def parameter_groups(stack: str) -> dict[str, dict[str, str]]:
    """For each parameter group of the stack, name and value of every parameter that PostgreSQL itself has."""
    return {
        group.name: {
            row["name"]: row["value"]
            for row in group.inputs["parameters"]
            if not PARAMETERS[row["name"]].rds_only
        }
        for group in of_type(declared(stack), "aws:rds/parameterGroup:ParameterGroup")
    }


def same(kind: str, given: str, shown: str) -> bool:
    """Whether PostgreSQL shows what RDS was given: RDS writes switches as 1 and 0."""
    if kind == "bool":
        return {"1": "on", "0": "off"}.get(given, given) == shown
    return float(given) == float(shown) if kind in ("integer", "real") else given == shown


@pytest.mark.parametrize("stack", STACKS)
def test_a_real_server_takes_every_parameter_at_its_value(stack: str) -> None:
    groups = parameter_groups(stack)
    assert groups
    for group in groups.values():
        settings, _ = fit_to_machine(group)
        assert len(settings) > 30
        with postgres.primary(PostgresSpec(settings=settings, extensions=("pg_cron",))) as server:
            shown = {
                name: (kind, value, source)
                for name, kind, value, source in server.query(
                    "select name, vartype, setting, source from pg_settings where not pending_restart"
                )
            }
        for name, given in settings.items():
            kind, value, source = shown[name]
            assert same(kind, str(given), value), f"{name}: {given} became {value}"
            assert source == "configuration file", name


def test_a_parameter_of_another_version_is_refused() -> None:
    [group, *_] = parameter_groups("dev").values()
    settings = {**group, "old_snapshot_threshold": "1"}  # gone in PostgreSQL 17
    with (
        pytest.raises(SandboxError, match='unrecognized configuration parameter "old_snapshot_threshold"'),
        postgres.primary(PostgresSpec(settings=settings, extensions=("pg_cron",))),
    ):
        pass


def test_memory_that_the_machine_lacks_is_scaled_and_said() -> None:
    settings, fitted = fit_to_machine(
        {"shared_buffers": "2097152", "work_mem": "4096"}, memory_bytes=8 * 2**30
    )
    assert settings == {"shared_buffers": 52428, "work_mem": "4096"}
    assert fitted == [Fitted(name="shared_buffers", given="2097152", used=52428)]
    assert fit_to_machine({"shared_buffers": "100"}, memory_bytes=8 * 2**30) == (
        {"shared_buffers": "100"},
        [],
    )
