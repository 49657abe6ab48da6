"""The backups' part of the configuration.

Proves that each mistake between its values, or between them and the stack's, is reported once, at its key. Does not
prove that a stack file with the same mistake stops an update; the tests of the whole configuration do.
"""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from infra.config.backups import BackupsConfig, problems
from infra.config.base import Problem
from infra.config.general import Environment, RegionsConfig
from infra.config.postgres import PostgresConfig

REGIONS = RegionsConfig(primary="us-east-1", dr="us-west-2")
POSTGRES = PostgresConfig.model_validate(
    {
        "engine_version": "17",
        "instance_class": "db.r7g.xlarge",
        "multi_az": True,
        "port": 5433,
        "database_name": "reptidex",
        "admin_username": "reptidex_admin",
        "storage": {"allocated_storage_gib": 400, "max_allocated_storage_gib": 1000},
        "backup_retention_days": 30,
        "backup_window": "03:00-04:00",
        "maintenance_window": "sun:05:00-sun:06:00",
        "apply_immediately": False,
        "ca_certificate_identifier": "rds-ca-rsa2048-g1",
        "monitoring": {"enhanced_interval_seconds": 15, "performance_insights_retention_days": 31},
    }
)


def complete() -> dict[str, Any]:
    """A configuration with everything in it and nothing wrong, fresh, so that a test may change it."""
    return {
        "automated_backups_replication": {"retention_days": 30},
        "daily": {"start": "01:00", "retention_days": 35, "copy_retention_days": 35},
        "weekly": {"day": "sun", "start": "23:00", "retention_days": 90, "copy_retention_days": 90},
        "monthly": {"day_of_month": 1, "start": "21:00", "retention_days": 400, "copy_retention_days": 400},
        "lock": {"min_retention_days": 35, "max_retention_days": 400},
        "restore_testing": {
            "day": "sun",
            "start": "09:00",
            "instance_class": "db.r7g.large",
            "validation_window_hours": 8,
        },
        "exports": {"retention_days": 90, "object_lock_days": 30},
    }


def found(
    values: dict[str, Any],
    *,
    environment: Environment = Environment.PROD,
    time_zone: str = "America/New_York",
    regions: RegionsConfig = REGIONS,
) -> list[Problem]:
    backups = BackupsConfig.model_validate(values)
    return list(
        problems(backups, environment=environment, time_zone=time_zone, regions=regions, postgres=POSTGRES)
    )


def test_a_complete_configuration_has_no_problem() -> None:
    assert found(complete()) == []


def test_dev_needs_no_more_than_a_daily_backup_and_its_exports() -> None:
    least = {"daily": {"start": "01:00", "retention_days": 7}, "exports": complete()["exports"]}
    assert found(least, environment=Environment.DEV) == []


# part, key, wrong value, what the message at this key must say
MISTAKES: list[tuple[str, str, Any, str]] = [
    ("daily", "start", "02:30", "02:30 in America/New_York can be .* RDS's backup window 08:00-09:00 UTC"),
    ("weekly", "start", "06:00", "maintenance window sun:10:00-sun:11:00"),
    ("monthly", "start", "05:30", "maintenance window"),
    ("lock", "min_retention_days", 36, "36 is above backups.daily.retention_days 35"),
    ("lock", "max_retention_days", 399, "399 is below backups.monthly.retention_days 400"),
    ("lock", "min_retention_days", 401, "401 is above backups.lock.max_retention_days 400"),
    ("daily", "copy_retention_days", None, "is missing; prod .* 30 days"),
    ("exports", "object_lock_days", 91, "91 is above backups.exports.retention_days 90"),
    ("automated_backups_replication", "retention_days", 29, "29 is not enough; .* 30 days"),
    ("restore_testing", "instance_class", "db.m7g.largee", "did you mean db.m7g.large"),
]


@pytest.mark.parametrize(
    ("part", "key", "value", "reported", "message"),
    [(part, key, value, f"{part}.{key}", message) for part, key, value, message in MISTAKES],
)
def test_each_mistake_is_reported_once_at_its_key(
    part: str, key: str, value: Any, reported: str, message: str
) -> None:
    values = complete()
    values[part][key] = value
    [problem] = found(values)
    assert problem.path == f"backups.{reported}"
    assert re.search(message, problem.text), problem.text


def test_a_copy_below_productions_minimum_is_a_mistake_in_production_only() -> None:
    values = complete()
    del values["lock"]
    values["daily"]["copy_retention_days"] = 29
    [problem] = found(values)
    assert problem.path == "backups.daily.copy_retention_days"
    assert "29 is not enough; prod keeps every copy in the DR region for at least 30 days" in problem.text
    assert found(values, environment=Environment.DEV) == []


@pytest.mark.parametrize(("part", "days", "interval"), [("weekly", 6, 7), ("monthly", 30, 31)])
@pytest.mark.parametrize("key", ["retention_days", "copy_retention_days"])
def test_a_retention_shorter_than_the_interval_leaves_days_without_a_backup(
    part: str, days: int, interval: int, key: str
) -> None:
    values = complete()
    del values["lock"]
    values[part][key] = days
    [problem] = found(values, environment=Environment.DEV)
    assert problem.path == f"backups.{part}.{key}"
    assert f"{days} is less than the {interval} days between two backups" in problem.text
    values[part][key] = interval
    assert found(values, environment=Environment.DEV) == []


def test_replication_between_regions_that_rds_does_not_replicate_between_is_a_mistake() -> None:
    regions = RegionsConfig(primary="us-east-1", dr="af-south-1")
    [problem] = found(complete(), regions=regions)
    assert problem.path == "backups.automated_backups_replication"
    assert "from us-east-1 to af-south-1" in problem.text
    values = complete()
    del values["automated_backups_replication"]
    assert found(values, environment=Environment.DEV, regions=regions) == []


def test_aws_backup_needs_a_zone_with_a_name() -> None:
    [problem] = found(complete(), time_zone="-05:00")
    assert problem.path == "time_zone"


@pytest.mark.parametrize("zone", ["America/Gotham", "+5"])
def test_an_unknown_zone_is_not_reported_a_second_time(zone: str) -> None:
    assert found(complete(), time_zone=zone) == []


@pytest.mark.parametrize(
    ("part", "key", "value", "message"),
    [
        ("daily", "start", 1380, "1380 is not text; put it in quotes"),
        ("daily", "start", "1:00", "is not of the form hh:mm"),
        ("weekly", "day", "sunday", "'mon'"),
        ("monthly", "day_of_month", 29, "less than or equal to 28"),
        ("daily", "retention_days", 0, "greater than or equal to 1"),
        ("automated_backups_replication", "retention_days", 36, "less than or equal to 35"),
        ("restore_testing", "validation_window_hours", 169, "less than or equal to 168"),
        ("lock", "changeable_for_days", 3, "Extra inputs are not permitted"),
    ],
)
def test_a_value_that_aws_would_refuse_is_refused_here(part: str, key: str, value: Any, message: str) -> None:
    values = complete()
    values[part][key] = value
    with pytest.raises(ValidationError, match=message):
        BackupsConfig.model_validate(values)
