"""The connection pool as both stacks declare it, under recording mocks.

Proves what is asked for: tasks, network paths, roles, secrets, scaling, rotation. Does not prove that the provider or AWS takes
it, nor that the image works; tests/sandbox does.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components.pgbouncer.images import lifecycle_policy
from components.pgbouncer.rotation import PACKAGES, package
from components.pgbouncer.settings import IMAGE_VERSION
from components.pgbouncer.task import POOLER_CONTAINER, SECRETS_DIRECTORY
from desired.program import declared_by
from desired.recording import Recording
from infra.config import pgbouncer
from infra.config.reading import load_file
from infra.config.stack import ConfigError
from tests.harness.platform import (
    EXISTING_NETWORK,
    ROLE_POLICY,
    ROOT,
    changed,
    declared,
    of_type,
    only,
    promoted,
    stack_file,
    statements,
    unpack,
)

SECRET_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
SCHEDULE = "aws:secretsmanager/secretRotation:SecretRotation"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


def containers(recording: Recording) -> dict[str, dict[str, Any]]:
    text = only(recording, "pooler-task", "aws:ecs/taskDefinition:TaskDefinition").inputs[
        "containerDefinitions"
    ]
    return {each["name"]: each for each in json.loads(text)}


def configuration(recording: Recording) -> str:
    [text] = [
        each["value"]
        for each in containers(recording)[POOLER_CONTAINER]["environment"]
        if each["name"] == "PGBOUNCER_INI"
    ]
    return str(text)


def policy(recording: Recording, name: str) -> list[dict[str, Any]]:
    return statements(only(recording, name, ROLE_POLICY))


def service(recording: Recording) -> dict[str, Any]:
    return dict(only(recording, "pooler-service", "aws:ecs/service:Service").inputs)


def test_the_pool_connects_to_the_instances_own_addresses_and_verifies_them(recording: Recording) -> None:
    text = configuration(recording)
    assert "reptidex = host=postgres-instance.made-up port=5433" in text
    assert "server_tls_sslmode = verify-full" in text
    assert "server_tls_ca_file = /etc/pgbouncer/rds-ca.pem" in text
    assert "client_tls_sslmode = require" in text


def test_reads_go_to_the_regions_replicas_or_where_there_is_none_to_the_writer() -> None:
    readers = "reptidex_ro = host=postgres-replica-b-instance.made-up,postgres-replica-c-instance.made-up"
    assert readers in configuration(declared("prod"))
    assert "reptidex_ro = host=postgres-instance.made-up" in configuration(declared("dev"))


def test_after_a_promotion_both_databases_are_the_promoted_instances() -> None:
    text = configuration(promoted())
    for database in ("reptidex", "reptidex_ro"):
        assert f"{database} = host=postgres-replica-west-instance.made-up" in text


def test_after_a_promotion_the_tasks_may_reach_the_network_that_the_database_is_in() -> None:
    # Security groups of another region cannot be named here, in neither direction.
    assert [r.name for r in of_type(promoted(), INGRESS) if r.name.endswith("-from-pooler")] == []
    egress = {r.name: r.inputs for r in of_type(promoted(), EGRESS) if r.name.startswith("pooler-tasks-to-")}
    assert set(egress) == {"pooler-tasks-to-10.21.0.0/20", "pooler-tasks-to-aws"}
    rule = egress["pooler-tasks-to-10.21.0.0/20"]
    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) == ("10.21.0.0/20", 5433, 5433)


def test_an_existing_dr_network_has_its_range_stated_before_a_promotion_needs_it() -> None:
    with pytest.raises(
        ConfigError, match=r"network\.dr\.cidr: is missing; after a promotion of dr\.replica 'west'"
    ):
        changed("prod", "network.dr", EXISTING_NETWORK)
    changed("prod", "network.dr", {**EXISTING_NETWORK, "cidr": "10.21.0.0/20"})
    changed("dev", "network.dr", EXISTING_NETWORK)


def test_all_tasks_at_their_most_leave_every_server_what_others_need(stack: str) -> None:
    config = load_file(stack_file(stack))
    budgets = pgbouncer.budgets(config.pgbouncer, config.postgres, config.dr, config.regions)
    wanted = config.pgbouncer.max_tasks
    peak = wanted * service(declared(stack))["deploymentMaximumPercent"] // 100 + wanted
    taken = budgets.writer.max_db_connections + (
        0 if config.postgres.replicas else budgets.readers.max_db_connections
    )
    assert taken * peak <= config.pgbouncer.server_connections
    assert f"max_db_connections={budgets.writer.max_db_connections}" in configuration(declared(stack))


def test_the_way_is_from_clients_to_the_balancer_to_the_tasks_to_the_databases(recording: Recording) -> None:
    ingress = {r.name: r.inputs for r in of_type(recording, INGRESS)}
    balancer, tasks = "pooler-balancer-security-group-id", "pooler-tasks-security-group-id"
    assert ingress["pooler-tasks-from-balancer"]["referencedSecurityGroupId"] == balancer
    assert ingress["pooler-tasks-from-balancer"]["securityGroupId"] == tasks
    assert ingress["postgres-from-pooler"]["referencedSecurityGroupId"] == tasks
    assert ingress["postgres-from-pooler"]["fromPort"] == 5433
    assert ingress["pooler-from-rotation"]["securityGroupId"] == balancer
    assert [name for name in ingress if name.startswith("pooler-from-")] == ["pooler-from-rotation"]


def test_every_instance_behind_the_pool_lets_it_in_and_no_other_does() -> None:
    entries = {r.name for r in of_type(declared("prod"), INGRESS) if r.name.endswith("-from-pooler")}
    assert entries == {
        "postgres-from-pooler",
        "postgres-replica-b-from-pooler",
        "postgres-replica-c-from-pooler",
    }


def test_tasks_may_reach_databases_and_aws_and_nothing_else(recording: Recording) -> None:
    group = "pooler-tasks-security-group-id"
    ports = {r.inputs["fromPort"] for r in of_type(recording, EGRESS) if r.inputs["securityGroupId"] == group}
    assert ports == {5433, 443}


def test_containers_are_ordinary_users_on_a_file_system_that_cannot_be_written(recording: Recording) -> None:
    for container in containers(recording).values():
        assert container["user"] == "10001:10001"
        assert container["readonlyRootFilesystem"] is True
        assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
        assert "@sha256:" in container["image"]
        assert container["logConfiguration"]["options"]["mode"] == "non-blocking"


def test_the_user_that_the_task_names_is_the_one_that_the_image_makes() -> None:
    dockerfile = (ROOT / "components/pgbouncer/image/Dockerfile").read_text()
    assert "USER 10001:10001" in dockerfile
    assert "--uid 10001" in dockerfile


def test_secrets_reach_the_task_by_arn_alone_and_lie_in_memory(recording: Recording) -> None:
    pooler = containers(recording)[POOLER_CONTAINER]
    [secret] = pooler["secrets"]
    assert secret["valueFrom"].endswith("pooler-users-userlist-secret")
    assert pooler["linuxParameters"]["tmpfs"][0]["containerPath"] == "/run/secrets"
    assert "SCRAM-SHA-256$" not in json.dumps(containers(recording))
    assert "secrets" not in containers(recording)["metrics"]


def test_the_configuration_is_rendered_for_the_version_that_the_image_builds() -> None:
    dockerfile = (ROOT / "components/pgbouncer/image/Dockerfile").read_text()
    assert f"ARG PGBOUNCER_VERSION={'.'.join(map(str, IMAGE_VERSION))}\n" in dockerfile


def test_the_image_lets_its_user_write_where_secrets_lie() -> None:
    """The runtime copies the mode of the folder below to a tmpfs, which belongs to root all the same."""
    dockerfile = (ROOT / "components/pgbouncer/image/Dockerfile").read_text()
    assert f"install --directory --mode 1777 {SECRETS_DIRECTORY}\n" in dockerfile


def test_the_reporters_end_is_not_the_tasks_end(recording: Recording) -> None:
    found = containers(recording)
    assert found[POOLER_CONTAINER]["essential"] is True
    assert found["metrics"]["essential"] is False
    assert found["metrics"]["restartPolicy"]["enabled"] is True


def test_a_deployment_never_has_fewer_tasks_than_wanted_and_goes_back_when_it_fails(
    recording: Recording,
) -> None:
    inputs = service(recording)
    assert inputs["deploymentMinimumHealthyPercent"] == 100
    assert inputs["deploymentMaximumPercent"] == 150
    assert inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert inputs["availabilityZoneRebalancing"] == "ENABLED"
    assert inputs["networkConfiguration"]["assignPublicIp"] is False
    assert len(inputs["networkConfiguration"]["subnets"]) == 3


def test_the_service_starts_when_what_it_reads_is_there(recording: Recording) -> None:
    found = only(recording, "pooler-service", "aws:ecs/service:Service")
    names = {urn.split("::")[-1] for urn in found.dependencies}
    assert {"pooler-users-userlist-version", "pooler-listener", "pooler-execution-permission"} <= names
    assert found.ignore_changes == ("desiredCount",), "scaling decides"


def test_a_client_that_is_drained_is_ended_by_the_pooler_and_not_by_the_balancer(
    recording: Recording,
) -> None:
    group = only(recording, "pooler-targets", "aws:lb/targetGroup:TargetGroup").inputs
    assert group["connectionTermination"] is False
    assert group["deregistrationDelay"] == 120
    assert group["stickiness"] == {"enabled": True, "type": "source_ip"}
    assert containers(recording)[POOLER_CONTAINER]["stopTimeout"] == 120
    listener = only(recording, "pooler-listener", "aws:lb/listener:Listener").inputs
    keepalive = int(configuration(recording).split("tcp_keepidle = ")[1].split()[0])
    assert keepalive < listener["tcpIdleTimeoutSeconds"]
    balancer = only(recording, "pooler-balancer", "aws:lb/loadBalancer:LoadBalancer").inputs
    assert balancer["internal"] is True


def test_scaling_stays_within_what_the_pools_were_sized_for(stack: str, recording: Recording) -> None:
    config = load_file(stack_file(stack)).pgbouncer
    target = only(recording, "pooler-scaling-target", "aws:appautoscaling/target:Target").inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (config.min_tasks, config.max_tasks)
    assert target["minCapacity"] >= 2


def test_the_execution_role_reads_one_secret_one_repository_and_one_log(recording: Recording) -> None:
    granted = policy(recording, "pooler-execution-permission")
    resources: set[str] = set()
    for statement in granted:
        resource = statement["Resource"]
        resources |= {resource} if isinstance(resource, str) else set(resource)
    assert {resource.split(":")[-1] for resource in resources} == {
        "*",
        "pooler-images-repository",
        "pooler-users-userlist-secret",
        "keys-secrets",
    }
    assert [s["Action"] for s in granted if s["Resource"] == "*"] == ["ecr:GetAuthorizationToken"]


def test_the_tasks_themselves_may_do_nothing_in_aws(recording: Recording) -> None:
    roles = {r.inputs["role"] for r in of_type(recording, "aws:iam/rolePolicy:RolePolicy")}
    attached = of_type(recording, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert "pooler-task-role" not in roles | {r.inputs["role"] for r in attached}


def test_rotation_may_write_two_secrets_and_deploy_one_service(recording: Recording) -> None:
    granted: dict[str, list[str]] = {}
    for statement in policy(recording, "pooler-rotation-role-permission"):
        if statement["Effect"] == "Allow":
            for action in statement["Action"]:
                granted.setdefault(action, []).append(statement["Resource"])
    assert [arn.split(":")[-1] for arn in granted["secretsmanager:PutSecretValue"]] == [
        "pooler-users-app-secret",
        "pooler-users-userlist-secret",
    ]
    assert [arn.split(":")[-1] for arn in granted["secretsmanager:UpdateSecretVersionStage"]] == [
        "pooler-users-app-secret"
    ]
    [service_arn] = granted["ecs:UpdateService"]
    assert service_arn.endswith(":pooler-service")
    assert not [action for action in granted if "*" in action or action.startswith(("iam:", "rds"))]


def test_lambda_makes_the_functions_interfaces_and_its_code_never_does(
    stack: str, recording: Recording
) -> None:
    [denied] = [s for s in policy(recording, "pooler-rotation-role-permission") if s["Effect"] == "Deny"]
    assert {"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"} <= set(denied["Action"])
    [arn] = denied["Condition"]["ArnEquals"].values()
    assert arn.endswith(f":function:reptidex-{stack}-pooler-rotation")
    # Interfaces are made before there is a function that Lambda could name as the source.
    [trust] = statements(only(recording, "pooler-rotation-role", "aws:iam/role:Role"), "assumeRolePolicy")
    assert set(trust["Condition"]) == {"StringEquals"}


def test_rotation_is_on_a_schedule_once_it_is_asked_for(stack: str) -> None:
    """Not before the pool runs: Secrets Manager tests a new schedule at once, whatever `rotateImmediately` says."""
    assert of_type(declared(stack), SCHEDULE) == []
    recording = declared_by(changed(stack, "pgbouncer.rotation_days", 30))
    schedule = only(recording, "pooler-rotation-schedule", SCHEDULE)
    assert schedule.inputs["rotationRules"] == {"automaticallyAfterDays": 30}
    assert schedule.inputs["rotateImmediately"] is False
    assert schedule.inputs["secretId"].endswith("pooler-users-app-secret")
    function = only(recording, "pooler-rotation-function", "aws:lambda/function:Function").inputs
    assert function["name"] == f"reptidex-{stack}-pooler-rotation"


def test_the_function_is_packed_with_its_sources_and_its_driver_and_nothing_else() -> None:
    paths = [path for path, _ in package()]
    assert {"functions/rotation/steps.py", "contract/scram.py", "pg8000/native.py"} <= set(paths)
    assert all(path.endswith((".py", "/METADATA")) and ".." not in path for path in paths)
    assert len([path for path in paths if path.endswith("/METADATA")]) == len(PACKAGES)
    assert len({path.split("/")[0] for path in paths}) == len(("functions", "contract")) + 2 * len(PACKAGES)
    assert all(file.is_file() for _, file in package())


def test_the_packed_function_can_be_imported_without_the_project(tmp_path: Path) -> None:
    unpack(package(), tmp_path)
    program = (
        "import sys; sys.modules['boto3'] = type(sys)('boto3')\n"  # part of Lambda's runtime
        "from functions.rotation.handler import STEPS; print(*STEPS)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["createSecret", "setSecret", "testSecret", "finishSecret"], done.stderr


def test_what_rotation_writes_no_update_sets_back(recording: Recording) -> None:
    versions = [r for r in of_type(recording, SECRET_VERSION) if r.name.startswith("pooler-users-")]
    assert len(versions) == 3
    assert {r.ignore_changes for r in versions} == {("secretString", "versionStages")}


def test_the_first_versions_keep_a_label_so_that_none_is_ever_deleted_and_made_again(
    recording: Recording,
) -> None:
    versions = [r for r in of_type(recording, SECRET_VERSION) if r.name.startswith("pooler-users-")]
    assert {r.name: r.inputs["versionStages"] for r in versions} == {
        "pooler-users-app-active-version": ["AWSCURRENT", "initial-app-active"],
        "pooler-users-app-resting-version": ["AWSCURRENT", "initial-app-resting"],
        "pooler-users-userlist-version": ["AWSCURRENT", "initial-userlist"],
    }


def test_the_user_in_use_is_the_one_whose_version_comes_last(recording: Recording) -> None:
    active = only(recording, "pooler-users-app-active-version", SECRET_VERSION)
    assert "pooler-users-app-resting-version" in {urn.split("::")[-1] for urn in active.dependencies}
    content = json.loads(active.inputs["secretString"]["value"])
    assert content["username"] == "reptidex_app_a"
    assert content["host"].startswith("pooler.")
    assert content["port"] == 6432


def test_applications_are_told_the_pools_own_database_and_rotation_keeps_telling_them() -> None:
    recording = declared_by(changed("dev", "postgres.database_name", "other"))
    active = only(recording, "pooler-users-app-active-version", SECRET_VERSION)
    content = json.loads(active.inputs["secretString"]["value"])
    assert content["dbname"] == "reptidex"
    assert "reptidex = host=postgres-instance.made-up port=5433 dbname=other" in configuration(recording)
    function = only(recording, "pooler-rotation-function", "aws:lambda/function:Function").inputs
    told = function["environment"]["variables"]
    assert (told["POOLER_HOST"], told["POOLER_PORT"], told["POOLER_DATABASE"]) == (
        content["host"],
        "6432",
        "reptidex",
    )


def test_images_never_change_under_their_tag_and_old_ones_go(recording: Recording) -> None:
    repository = only(recording, "pooler-images-repository", "aws:ecr/repository:Repository").inputs
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["encryptionConfigurations"][0]["kmsKey"].endswith(":keys-images")
    assert [rule["action"]["type"] for rule in lifecycle_policy()["rules"]] == ["expire", "expire"]


def test_the_repository_can_retire_its_grants(recording: Recording) -> None:
    key = only(recording, "keys-images", "aws:kms/key:Key")
    [retire] = [s for s in statements(key) if "kms:RetireGrant" in s["Action"]]
    # KMS sends kms:GrantIsForAWSResource with CreateGrant, ListGrants and RevokeGrant only.
    assert set(retire["Condition"]) == {"StringEquals"}


def test_the_name_of_the_pool_exists_where_the_pool_is(recording: Recording) -> None:
    records = {r.name: r.inputs for r in of_type(recording, "aws:route53/record:Record")}
    assert records["names-pooler"]["records"] == ["pooler-balancer.made-up"]
    assert "dr-names-pooler" not in records
