"""An emulated account with a database and a cache to scale up, and the function that scales them."""

import functools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.rds.models import rds_backends

from contract.scale_up import Mode, Target
from functions.scale_up.steps import ScaleUp
from functions.scale_up.table import Step
from sandbox.emulator import elasticache, rds

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
LADDER = ["db.r7g.large", "db.r7g.xlarge", "db.r7g.2xlarge"]
STORAGE = [(12000, 500), (15000, 625), (18000, 750)]
NODES = ["cache.r7g.large", "cache.r7g.xlarge"]
COOLDOWN_MINUTES, STORAGE_COOLDOWN_MINUTES, APPROVAL_MINUTES = 60, 360, 120
TARGETS = [
    Target(
        name="postgres-class",
        service="rds",
        identifier="postgres",
        ladder=[{"DBInstanceClass": name} for name in LADDER],
        cooldown_minutes=COOLDOWN_MINUTES,
        alarms=["cpu", "memory", "connections"],
    ),
    Target(
        name="postgres-storage",
        service="rds",
        identifier="postgres",
        ladder=[{"Iops": iops, "StorageThroughput": throughput} for iops, throughput in STORAGE],
        cooldown_minutes=STORAGE_COOLDOWN_MINUTES,
        alarms=["iops"],
    ),
    Target(
        name="cache-node",
        service="elasticache",
        identifier="cache",
        ladder=[{"CacheNodeType": name} for name in NODES],
        cooldown_minutes=COOLDOWN_MINUTES,
        alarms=["cache-cpu", "cache-memory"],
    ),
]
ALARMS = [alarm for target in TARGETS for alarm in target.alarms]


class BrokenOffError(Exception):
    """A function that ends in the middle."""


@functools.cache
def clients(caller: str) -> dict[str, Any]:
    """The clients of a caller, made once: to make them takes longer than all calls of a test."""
    return {
        name: boto3.client(
            name, region_name=REGION, aws_access_key_id="nobody", aws_secret_access_key="nobody"
        )
        for name in ("rds", "elasticache", "dynamodb", "sns")
    }


class World:
    """An account and the function in it. `calls` lists the calls to the account: operation and parameters."""

    def __init__(self, mode: Mode = Mode.ACT, *, apply_immediately: bool = True) -> None:
        self.now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
        self.mode, self.apply_immediately = mode, apply_immediately
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.breaks_off_after: int | None = None
        admin = clients("admin")
        self.rds, self.elasticache = admin["rds"], admin["elasticache"]
        self._create_database()
        self._create_cache()
        admin["dynamodb"].create_table(
            TableName="steps",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "target", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "target", "AttributeType": "S"}],
        )
        self.topic = admin["sns"].create_topic(Name="notifications")["TopicArn"]

    def _create_database(self) -> None:
        iops, throughput_mib_per_s = STORAGE[0]
        self.rds.create_db_instance(
            DBInstanceIdentifier="postgres",
            Engine="postgres",
            EngineVersion="17",
            DBInstanceClass=LADDER[0],
            MasterUsername="u",
            MasterUserPassword="not-a-secret",
            StorageType="gp3",
            AllocatedStorage=400,
            Iops=iops,
            StorageThroughput=throughput_mib_per_s,
        )

    def _create_cache(self) -> None:
        self.elasticache.create_cache_parameter_group(
            CacheParameterGroupName="cache", CacheParameterGroupFamily="valkey8", Description="of a test"
        )
        self.elasticache.create_replication_group(
            ReplicationGroupId="cache",
            ReplicationGroupDescription="of a test",
            Engine="valkey",
            EngineVersion="8.1",
            CacheNodeType=NODES[0],
            CacheParameterGroupName="cache",
            NumCacheClusters=1,
        )

    def watched(self, clients: dict[str, Any]) -> dict[str, Any]:
        """The same clients. From now on their calls are recorded here and can break off here."""
        for client in clients.values():
            for event, hook in (
                ("provide-client-params.*.*", self._note),
                ("after-call.*.*", self._break_off),
            ):
                client.meta.events.unregister(event, unique_id=event)
                client.meta.events.register(event, hook, unique_id=event)
        return clients

    def _note(self, params: dict[str, Any], model: Any, **_: object) -> None:
        self.calls.append((model.name, dict(params)))

    def _break_off(self, **_: object) -> None:
        if len(self.calls) == self.breaks_off_after:
            raise BrokenOffError

    def scale_up(self, caller: str = "function") -> ScaleUp:
        return ScaleUp(
            mode=self.mode,
            approval_minutes=APPROVAL_MINUTES,
            apply_immediately=self.apply_immediately,
            targets=TARGETS,
            table_name="steps",
            topic_arn=self.topic,
            function_name="reptidex-test-scale-up",
            region=REGION,
            clients=self.watched(clients(caller)),
            now=lambda: self.now,
        )

    def event(self, alarm: str, state: str = "ALARM") -> dict[str, Any]:
        """As CloudWatch sends it (CloudWatch guide, "Lambda alarm actions")."""
        return {
            "source": "aws.cloudwatch",
            "alarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:{alarm}",
            "accountId": ACCOUNT_ID,
            "time": self.now.isoformat(),
            "region": REGION,
            "alarmData": {"alarmName": alarm, "state": {"value": state, "reason": "Threshold Crossed"}},
        }

    def alarm(self, alarm: str) -> str:
        return self.scale_up().on_alarm(self.event(alarm))

    def approve(self, message: str) -> str:
        """Approve as a message asks for, in the way of the function's handler."""
        [payload] = re.findall(r"--payload '(.+)'", message)
        answer = json.loads(payload)
        return self.scale_up().on_approval(answer["approve"], answer["step"])

    def later(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

    def change_class(self, instance_class: str) -> None:
        """Change the database's class by hand, as an administrator."""
        self.rds.modify_db_instance(
            DBInstanceIdentifier="postgres", DBInstanceClass=instance_class, ApplyImmediately=True
        )

    def set_database_status(self, status: str) -> None:
        rds_backends[ACCOUNT_ID][REGION].databases["postgres"].status = status

    @property
    def database(self) -> Any:
        return self.rds.describe_db_instances(DBInstanceIdentifier="postgres")["DBInstances"][0]

    @property
    def database_class(self) -> str:
        return str(self.database["DBInstanceClass"])

    @property
    def storage(self) -> tuple[int, int]:
        return self.database["Iops"], self.database["StorageThroughput"]

    @property
    def node_type(self) -> str:
        [group] = self.elasticache.describe_replication_groups()["ReplicationGroups"]
        return str(group["CacheNodeType"])

    @property
    def sizes(self) -> tuple[str, tuple[int, int], str]:
        return self.database_class, self.storage, self.node_type

    @property
    def rungs(self) -> list[int]:
        """The place of each size on its ladder, from 0."""
        return [LADDER.index(self.database_class), STORAGE.index(self.storage), NODES.index(self.node_type)]

    @property
    def changes(self) -> list[dict[str, Any]]:
        """The calls that asked for another size."""
        return [params for name, params in self.calls if name.startswith("Modify")]

    @property
    def messages(self) -> list[str]:
        return [params["Message"] for name, params in self.calls if name == "Publish"]

    def last_step(self, target: str) -> Step | None:
        return self.scale_up()._table.last(target)


@functools.cache
def _install_emulator() -> None:
    rds.install()
    elasticache.install()


@contextmanager
def new_world(mode: Mode = Mode.ACT, *, apply_immediately: bool = True) -> Iterator[World]:
    """A new account for the length of the block, and the function in this mode."""
    _install_emulator()
    with pytest.MonkeyPatch.context() as environment:
        # An account's network is made with its first database: without the thousands of images that nobody asks for.
        environment.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        with mock_aws():
            yield World(mode, apply_immediately=apply_immediately)
