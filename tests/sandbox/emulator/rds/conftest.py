"""Databases of the emulated account that the tests of this folder share."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.emulator.calls import create_subnets, numbers
from tests.sandbox.emulator.conftest import Connect
from tests.sandbox.emulator.rds.databases import HERE, INSTANCE, THERE, Region


@pytest.fixture(scope="session")
def rds(connect: Connect) -> Any:
    return connect("rds")


@pytest.fixture(scope="session")
def key_arn(connect: Connect) -> str:
    return str(connect("kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture(scope="session")
def subnet_group(connect: Connect, rds: Any) -> str:
    _, subnets = create_subnets(connect, "10.9", HERE, "bcd")
    rds.create_db_subnet_group(DBSubnetGroupName="data", DBSubnetGroupDescription="data", SubnetIds=subnets)
    return "data"


@pytest.fixture(scope="session")
def create(rds: Any, subnet_group: str) -> Callable[..., Any]:
    """Create an instance with a name of its own; returns what the call answers."""

    def create(**values: Any) -> Any:
        named = {"DBInstanceIdentifier": f"db-{next(numbers)}", "DBSubnetGroupName": subnet_group}
        return rds.create_db_instance(**{**INSTANCE, **named, **values})["DBInstance"]

    return create


@pytest.fixture
def parameter_group(rds: Any) -> str:
    name = f"group-{next(numbers)}"
    rds.create_db_parameter_group(
        DBParameterGroupName=name, DBParameterGroupFamily="postgres17", Description="parameters"
    )
    return name


@pytest.fixture(scope="session")
def here(connect: Connect) -> Region:
    return Region(connect, HERE)


@pytest.fixture(scope="session")
def there(connect: Connect) -> Region:
    return Region(connect, THERE)


@pytest.fixture
def make(here: Region) -> Callable[..., Any]:
    """Create a source with a name of its own; returns what DescribeDBInstances says of it."""

    def make(**values: Any) -> Any:
        request = {"AllocatedStorage": 500, "DBName": "reptidex", **values}
        return here.create_source(f"source-{next(numbers)}", **request)

    return make


@pytest.fixture
def source(make: Callable[..., Any]) -> Any:
    return make(MultiAZ=True)
