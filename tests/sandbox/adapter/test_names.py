"""Names of types and properties: the rule, and the tables that complete it, compared with both sides.

The tables are complete for every type below when each property that Terraform's provider has is found in the SDK. It
proves that names meet, and not that a property means the same on both sides; they are generated from the same source.
"""

from collections.abc import Iterator

import pytest

from sandbox.adapter import names, shapes
from sandbox.adapter.binary import ProviderBinary
from sandbox.adapter.shapes import Object, Primitive, Series, Shape
from sandbox.adapter.terraform import Client

# The SDK warns of its own old types when the services that have them are imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws")

# By module, every resource type that the platform declares or may declare soon.
RESOURCES = {
    "appautoscaling": "Policy Target",
    "backup": (
        "Plan RestoreTestingPlan RestoreTestingSelection Selection Vault VaultLockConfiguration VaultNotifications "
        "VaultPolicy"
    ),
    "cloudwatch": "CompositeAlarm Dashboard EventRule EventTarget LogGroup LogMetricFilter MetricAlarm",
    "ec2": (
        "DefaultNetworkAcl DefaultSecurityGroup Eip FlowLog InternetGateway NatGateway Route RouteTable "
        "RouteTableAssociation SecurityGroup Subnet Vpc VpcEndpoint"
    ),
    "ecr": "LifecyclePolicy Repository",
    "ecs": "Cluster Service TaskDefinition",
    "elasticache": "ParameterGroup ReplicationGroup SubnetGroup User UserGroup",
    "iam": "Policy Role RolePolicy RolePolicyAttachment",
    "kms": "Alias Key ReplicaKey",
    "lambda": "Function Permission",
    "lb": "Listener LoadBalancer TargetGroup",
    "memorydb": "Acl Cluster ParameterGroup SubnetGroup User",
    "rds": "EventSubscription Instance InstanceAutomatedBackupsReplication ParameterGroup SubnetGroup",
    "route53": "Record Zone",
    "s3": (
        "Bucket BucketLifecycleConfiguration BucketLogging BucketObjectLockConfiguration BucketObjectv2 "
        "BucketOwnershipControls BucketPolicy BucketPublicAccessBlock BucketReplicationConfig "
        "BucketServerSideEncryptionConfiguration BucketVersioning"
    ),
    "scheduler": "Schedule ScheduleGroup",
    "secretsmanager": "Secret SecretPolicy SecretRotation SecretVersion",
    "sns": "Topic TopicPolicy TopicSubscription",
    "sqs": "Queue QueuePolicy",
    "ssm": "Parameter",
    "vpc": "SecurityGroupEgressRule SecurityGroupIngressRule",
}
FUNCTIONS = {
    "index": "getAvailabilityZones getCallerIdentity getPartition getRegion",
    "backup": "getVault",
    "cloudwatch": "getLogGroup getLogGroups",
    "ec2": "getRouteTables getSecurityGroup getSubnet getSubnets getVpc",
    "ecr": "getRepository",
    "ecs": "getCluster",
    "elasticache": "getReplicationGroup",
    "iam": "getPolicyDocument getRole",
    "kms": "getAlias getKey",
    "lb": "getLoadBalancer",
    "rds": "getEngineVersion getInstance getOrderableDbInstance",
    "route53": "getZone",
    "s3": "getBucket",
    "secretsmanager": "getSecret getSecretVersion",
    "sns": "getTopic",
    "sqs": "getQueues",
    "ssm": "getParameter",
}
# Attributes of the provider's version 5 that pulumi-aws 7, which follows version 6, no longer has.
GONE_FROM_THE_SDK = {
    ("aws_ecs_task_definition", "inference_accelerator"),  # Elastic Inference has ended
    ("aws_eip", "vpc"),  # domain = "vpc" says it
    ("aws_flow_log", "log_group_name"),  # log_destination says it
}
# Terraform's own: Pulumi has an id and timeouts of its own for every resource.
TERRAFORMS_OWN = {"id", "timeouts"}


def tokens(table: dict[str, str]) -> list[str]:
    return [
        f"aws:{module}/{name[0].lower()}{name[1:]}:{name}"
        for module, several in table.items()
        for name in several.split()
    ]


@pytest.fixture(scope="module")
def client(provider_binary: ProviderBinary) -> Iterator[Client]:
    started = Client(provider_binary)
    yield started
    started.close()


@pytest.fixture(scope="module")
def all_shapes(client: Client) -> dict[str, Shape]:
    schema = client.schema()
    found = {}
    for table, entries in ((RESOURCES, schema.resource_schemas), (FUNCTIONS, schema.data_source_schemas)):
        known = {entry.key: entry.value for entry in entries}
        for token in tokens(table):
            terraform_type = names.terraform_type(token, known)
            found[token] = shapes.build(terraform_type, known[terraform_type], names.sdk_properties(token))
    return found


def unnamed(shape: Object, path: str = "") -> Iterator[str]:
    """Paths of the Terraform attributes that the SDK has no property for."""
    for field in shape.fields:
        if field.pulumi is None:
            yield path + field.terraform
            continue
        inner = field.type
        while isinstance(inner, Series):
            inner = inner.element
        if isinstance(inner, Object):
            yield from unnamed(inner, f"{path}{field.terraform}.")


def test_every_attribute_of_every_type_has_its_property(all_shapes: dict[str, Shape]) -> None:
    missing = {
        (shape.terraform_type, path)
        for shape in all_shapes.values()
        for path in unnamed(shape.object)
        if path not in TERRAFORMS_OWN
    }
    assert missing == GONE_FROM_THE_SDK


def test_no_property_stands_for_two_attributes(all_shapes: dict[str, Shape]) -> None:
    def check(where: str, shape: Object) -> None:
        known = [field.pulumi for field in shape.fields if field.pulumi]
        assert len(known) == len(set(known)), where
        for field in shape.fields:
            inner = field.type
            while isinstance(inner, Series):
                inner = inner.element
            if isinstance(inner, Object):
                check(f"{where}.{field.terraform}", inner)

    for token, shape in all_shapes.items():
        check(token, shape.object)


def test_every_entry_of_the_tables_is_needed(all_shapes: dict[str, Shape]) -> None:
    by_type: dict[str, list[Shape]] = {}
    for shape in all_shapes.values():
        by_type.setdefault(shape.terraform_type, []).append(shape)
    for (terraform_type, attribute), name in names.PROPERTY_EXCEPTIONS.items():
        fields = [shape.terraform_field(attribute) for shape in by_type[terraform_type]]
        assert name in [field.pulumi for field in fields if field], (terraform_type, attribute)
    for (terraform_type, name), attribute in names.OUTPUT_SOURCES.items():
        assert any(
            name in shape.sdk_only and shape.terraform_field(attribute) for shape in by_type[terraform_type]
        ), (terraform_type, name)
    for token, terraform_type in names.TYPE_EXCEPTIONS.items():
        assert all_shapes[token].terraform_type == terraform_type
        with pytest.raises(names.UnknownTypeError):
            names.terraform_type(token.replace("aws:", "other:"), by_type)


def test_the_provider_itself_has_every_argument_that_a_sandbox_needs(client: Client) -> None:
    shape = shapes.build("aws", client.schema().provider, names.provider_properties())
    wanted = (
        "region profile accessKey secretKey maxRetries endpoints allowedAccountIds forbiddenAccountIds ignoreTags "
        "skipCredentialsValidation skipMetadataApiCheck skipRegionValidation skipRequestingAccountId s3UsePathStyle"
    )
    assert [name for name in wanted.split() if shape.field(name) is None] == []


def test_blocks_of_at_most_one_are_single_where_the_sdk_says_so(all_shapes: dict[str, Shape]) -> None:
    service = all_shapes["aws:ecs/service:Service"]
    network = service.field("networkConfiguration")
    balancers = service.field("loadBalancers")
    assert network is not None
    assert network.single
    assert balancers is not None
    assert not balancers.single


def test_what_terraform_spells_as_text_has_the_type_that_the_sdk_shows(all_shapes: dict[str, Shape]) -> None:
    shown = {
        (shape.terraform_type, field.terraform): field.type.shown
        for shape in all_shapes.values()
        for field in shape.object.fields
        if isinstance(field.type, Primitive) and field.type.shown
    }
    assert shown == {
        ("aws_elasticache_replication_group", "at_rest_encryption_enabled"): "bool",
        ("aws_elasticache_replication_group", "auto_minor_version_upgrade"): "bool",
        ("aws_lb_target_group", "deregistration_delay"): "number",
    }


@pytest.mark.parametrize(
    ("camel", "snake"), [("VpcEndpoint", "vpc_endpoint"), ("DBInstance", "db_instance"), ("Acl", "acl")]
)
def test_a_name_in_snake_case(camel: str, snake: str) -> None:
    assert names.snake_case(camel) == snake


@pytest.mark.parametrize(
    ("word", "several"),
    [
        ("rule", "rules"), ("policy", "policies"), ("key", "keys"), ("prefix", "prefixes"), ("tags", "tags"),
        ("alias", "aliases"), ("ipv6_address", "ipv6_addresses"), ("ingress", "ingress"),
    ],
)  # fmt: skip
def test_a_plural_is_among_the_forms_that_the_rule_tries(word: str, several: str) -> None:
    assert several in names.plurals(word)


def test_a_type_that_the_sdk_lacks_is_named() -> None:
    with pytest.raises(
        names.UnknownTypeError, match="aws:kms/nothing:Nothing: the installed pulumi_aws has no"
    ):
        names.sdk_properties("aws:kms/nothing:Nothing")
    with pytest.raises(names.UnknownTypeError, match="aws:nothing/x:X"):
        names.sdk_properties("aws:nothing/x:X")


def test_a_type_that_the_provider_lacks_is_named() -> None:
    with pytest.raises(
        names.UnknownTypeError, match="aws:kms/key:Key: the Terraform AWS provider has no such"
    ):
        names.terraform_type("aws:kms/key:Key", {"aws_vpc"})
