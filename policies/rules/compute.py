"""Containers on ECS, functions of Lambda, load balancers, and the images that containers come from."""

import re
from collections.abc import Iterator

from policies.documents import EVERYTHING, parsed
from policies.resources import Resource
from policies.rule import (
    Demand,
    Finding,
    Level,
    ResourceRule,
    Setting,
    Settings,
    Severity,
    Undecided,
    Violation,
    check,
    demands,
    has,
    is_filled_list,
    is_off,
    is_on,
    is_text,
    known_texts,
    one_of,
)
from policies.values import MALFORMED, Node

CLUSTER = "aws:ecs/cluster:Cluster"
SERVICE = "aws:ecs/service:Service"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
REPOSITORY = "aws:ecr/repository:Repository"

# Names of variables that hold a credential, and those that only say where one is.
CREDENTIAL = re.compile(
    r"PASS(WORD|WD|PHRASE)?|SECRET|TOKEN|CREDENTIALS?|(API|PRIVATE|ACCESS|AUTH)_?KEY|DSN|DATABASE_URL"
)
WHERE_IT_IS = re.compile(r"_(ARN|NAME|ID|PATH|FILE|PARAMETER|USERNAME|COUNT|SECONDS|DAYS)$")
ROOT_USERS = ("", "0", "root")
# Lambda developer guide, "Supported runtimes", November 2026.
SUPPORTED_RUNTIMES = (
    "python3.11", "python3.12", "python3.13", "python3.14", "nodejs22.x", "nodejs24.x", "java17", "java21", "java25",
    "dotnet8", "dotnet10", "ruby3.3", "ruby3.4", "provided.al2023",
)  # fmt: skip


def _containers(task: Resource) -> tuple[list[Node], list[Finding]]:
    """The task's containers, and what keeps them from being judged."""
    document = parsed(task.at("containerDefinitions"))
    if document.is_unknown:
        return [], [Undecided(document.path)]
    if document.value is None or document.value is MALFORMED or not isinstance(document.value, list):
        return [], [Violation(f"`{document.path}` is no list of containers")]
    return document.items(), []


def _user(value: object) -> bool:
    """`<user>` or `<user>:<group>`, and not root."""
    return isinstance(value, str) and value.split(":", maxsplit=1)[0] not in ROOT_USERS


def _privileges(task: Resource, _: Settings) -> Iterator[Finding]:
    containers, unreadable = _containers(task)
    yield from unreadable
    for container in containers:
        yield from check(container.at("privileged"), is_off, "must not be true")
        yield from check(container.at("readonlyRootFilesystem"), is_on, "must be true")
        yield from check(container.at("user"), _user, "must be a user that is not root")


def _container_logs(task: Resource, _: Settings) -> Iterator[Finding]:
    containers, unreadable = _containers(task)
    yield from unreadable
    for container in containers:
        yield from check(container.at("logConfiguration.logDriver"), is_text, "must say where the log goes")


def holds_credential(name: str) -> bool:
    """Whether a variable of that name holds a credential."""
    upper = name.upper()
    return bool(CREDENTIAL.search(upper)) and not WHERE_IT_IS.search(upper)


def _container_environment(task: Resource, _: Settings) -> Iterator[Finding]:
    containers, unreadable = _containers(task)
    yield from unreadable
    for container in containers:
        for variable in container.at("environment").items():
            yield from check(
                variable.at("name"),
                lambda name: isinstance(name, str) and not holds_credential(name),
                "must not be that of a credential",
            )


def _function_environment(function: Resource, _: Settings) -> Iterator[Finding]:
    variables = function.at("environment.variables")
    if variables.is_unknown:
        yield Undecided(variables.path)
    elif variables.value is not None and not isinstance(variables.value, dict):
        yield Violation(f"`{variables.path}` is no object")
    elif any(holds_credential(name) for name in variables.value or {}):
        yield Violation(f"`{variables.path}` holds a credential, by its name")


def _task_network(task: Resource, _: Settings) -> Iterator[Finding]:
    yield from check(task.at("networkMode"), one_of("awsvpc"), "must be awsvpc")
    for name in ("pidMode", "ipcMode"):
        yield from check(
            task.at(name), lambda value: value is None or value in ("task", "none"), "must not be the host's"
        )


def _roles(task: Resource, _: Settings) -> Iterator[Finding]:
    own, execution = task.at("taskRoleArn"), task.at("executionRoleArn")
    if own.is_unknown or execution.is_unknown:
        yield Undecided(own.path if own.is_unknown else execution.path)
    elif has(own) and own.value == execution.value:
        yield Violation("`taskRoleArn` and `executionRoleArn` are the same role")


def _insights(cluster: Resource, _: Settings) -> Iterator[Finding]:
    settings = cluster.at("settings")
    if any(item.at("name").is_unknown or item.at("value").is_unknown for item in settings.items()):
        yield Undecided(settings.path)
    elif not any(
        item.at("name").value == "containerInsights" and item.at("value").value in ("enabled", "enhanced")
        for item in settings.items()
    ):
        yield Violation("`settings` does not enable containerInsights")


def _runtime(function: Resource, settings: Settings) -> Iterator[Finding]:
    if function.at("packageType").value != "Image":
        yield from check(
            function.at("runtime"), one_of(*settings["supported"]), "must be one that AWS still mends"
        )


def _function_zones(function: Resource, _: Settings) -> Iterator[Finding]:
    network = function.at("vpcConfig")
    if has(network):
        yield from check(
            network.at("subnetIds"),
            lambda value: is_filled_list(value) and len(value) > 1,
            "must hold at least two subnets",
        )


def _caller(permission: Resource, _: Settings) -> Iterator[Finding]:
    principal = permission.at("principal")
    is_tied = any(has(permission.at(name)) for name in ("sourceArn", "sourceAccount", "principalOrgId"))
    if principal.is_unknown:
        yield Undecided(principal.path)
    elif not is_text(principal.value):
        yield Violation("`principal` is not set")
    elif not is_tied and (principal.value == EVERYTHING or str(principal.value).endswith(".amazonaws.com")):
        yield Violation("neither `sourceArn` nor `sourceAccount` says whose caller may call")


def _zones(balancer: Resource, _: Settings) -> Iterator[Finding]:
    name = "subnets" if has(balancer.at("subnets")) else "subnetMappings"
    yield from check(
        balancer.at(name),
        lambda value: is_filled_list(value) and len(value) > 1,
        "must hold at least two subnets",
    )
    kind = balancer.at("loadBalancerType")
    if kind.is_unknown:
        yield Undecided(kind.path)
    elif kind.value == "network":
        yield from check(balancer.at("enableCrossZoneLoadBalancing"), is_on, "must be true")


def _listener(listener: Resource, _: Settings) -> Iterator[Finding]:
    redirects = "redirect" in known_texts(
        Node("", [action.at("type").value for action in listener.at("defaultActions").items()])
    )
    if not redirects:
        yield from check(listener.at("protocol"), one_of("TLS", "HTTPS"), "must be TLS or HTTPS")


def _images(repository: Resource, _: Settings) -> Iterator[Finding]:
    yield from check(repository.at("imageTagMutability"), one_of("IMMUTABLE"), "must be IMMUTABLE")
    yield from check(repository.at("imageScanningConfiguration.scanOnPush"), is_on, "must be true")


RULES = (
    ResourceRule(
        id="services-have-no-public-address",
        description="No task has an address on the internet.",
        severity=Severity.CRITICAL,
        controls=("FSBP ECS.2", "FSBP ECS.16", "CKV_AWS_333"),
        remedy="leave networkConfiguration.assignPublicIp out, or set it to false",
        on=(SERVICE,),
        judge=demands(Demand("networkConfiguration.assignPublicIp", is_off, "must not be true")),
    ),
    ResourceRule(
        id="services-run-on-the-latest-platform",
        description="Fargate's own security fixes arrive by themselves.",
        severity=Severity.MEDIUM,
        controls=("FSBP ECS.10", "CKV_AWS_332"),
        remedy="leave platformVersion out",
        on=(SERVICE,),
        judge=demands(Demand("platformVersion", lambda value: value in (None, "LATEST"), "must be LATEST")),
    ),
    ResourceRule(
        id="clusters-show-what-their-tasks-do",
        description="Container Insights keeps the use of each task.",
        severity=Severity.LOW,
        controls=("FSBP ECS.12", "CKV_AWS_65"),
        remedy="set containerInsights to enabled",
        on=(CLUSTER,),
        dev=Level.ADVISORY,
        judge=_insights,
    ),
    ResourceRule(
        id="tasks-have-a-network-of-their-own",
        description="A task shares neither network nor processes with its host.",
        severity=Severity.HIGH,
        controls=("FSBP ECS.1", "FSBP ECS.3"),
        remedy="set networkMode to awsvpc, and leave pidMode and ipcMode out",
        on=(TASK_DEFINITION,),
        judge=_task_network,
    ),
    ResourceRule(
        id="containers-have-few-privileges",
        description="What breaks into a container finds no root, and nothing to write to.",
        severity=Severity.HIGH,
        controls=("FSBP ECS.4", "FSBP ECS.5", "FSBP ECS.20", "CKV_AWS_334", "CKV_AWS_335", "CKV_AWS_336"),
        remedy="set readonlyRootFilesystem and user for each container, and leave privileged out",
        on=(TASK_DEFINITION,),
        judge=_privileges,
    ),
    ResourceRule(
        id="containers-find-credentials-in-secrets",
        description="A credential is not in a task definition, which many may read.",
        severity=Severity.CRITICAL,
        controls=("FSBP ECS.8",),
        remedy="give it under secrets with valueFrom",
        on=(TASK_DEFINITION,),
        judge=_container_environment,
    ),
    ResourceRule(
        id="containers-write-logs",
        description="What a container said is there after it ended.",
        severity=Severity.MEDIUM,
        controls=("FSBP ECS.9",),
        remedy="set logConfiguration for each container",
        on=(TASK_DEFINITION,),
        judge=_container_logs,
    ),
    ResourceRule(
        id="tasks-have-two-roles",
        description="What runs in a task may not do what starts it: fetch its secrets and its image.",
        severity=Severity.MEDIUM,
        controls=("CKV_AWS_249",),
        remedy="give taskRoleArn and executionRoleArn a role each",
        on=(TASK_DEFINITION,),
        judge=_roles,
    ),
    ResourceRule(
        id="functions-run-on-supported-runtimes",
        description="A function's runtime still gets security fixes.",
        severity=Severity.HIGH,
        controls=("FSBP Lambda.2", "CKV_AWS_363"),
        remedy="set runtime",
        on=(FUNCTION,),
        settings={
            "supported": Setting.same(
                list(SUPPORTED_RUNTIMES),
                type="array",
                items={"type": "string"},
                description="the runtimes that AWS still mends",
            )
        },
        judge=_runtime,
    ),
    ResourceRule(
        id="functions-find-credentials-in-secrets",
        description="A credential is not in a function's configuration, which many may read.",
        severity=Severity.CRITICAL,
        controls=("CKV_AWS_45",),
        remedy="read it from Secrets Manager, and give the secret's ARN",
        on=(FUNCTION,),
        judge=_function_environment,
    ),
    ResourceRule(
        id="functions-survive-the-loss-of-a-zone",
        description="A function in a network runs in at least two zones.",
        severity=Severity.MEDIUM,
        controls=("FSBP Lambda.5",),
        remedy="set vpcConfig.subnetIds to subnets of two zones",
        on=(FUNCTION,),
        judge=_function_zones,
    ),
    ResourceRule(
        id="functions-are-called-by-whom-they-serve",
        description="A service calls a function for one owner, not for any customer of AWS.",
        severity=Severity.HIGH,
        controls=("FSBP Lambda.1", "CKV_AWS_301", "CKV_AWS_364"),
        remedy="set sourceArn or sourceAccount",
        on=(PERMISSION,),
        judge=_caller,
    ),
    ResourceRule(
        id="load-balancers-are-internal",
        description="Nobody on the internet reaches a load balancer.",
        severity=Severity.CRITICAL,
        remedy="set internal to true",
        on=(LOAD_BALANCER,),
        judge=demands(Demand("internal", is_on, "must be true")),
    ),
    ResourceRule(
        id="load-balancers-are-protected-from-deletion",
        description="A load balancer that clients know by its name is not deleted by mistake.",
        severity=Severity.MEDIUM,
        controls=("FSBP ELB.6", "CKV_AWS_150"),
        remedy="set enableDeletionProtection to true",
        on=(LOAD_BALANCER,),
        dev=Level.OFF,
        judge=demands(Demand("enableDeletionProtection", is_on, "must be true")),
    ),
    ResourceRule(
        id="load-balancers-survive-the-loss-of-a-zone",
        description="A load balancer answers in at least two zones, for targets in any.",
        severity=Severity.MEDIUM,
        controls=("FSBP ELB.13", "CKV_AWS_152"),
        remedy="set subnets of two zones, and enableCrossZoneLoadBalancing",
        on=(LOAD_BALANCER,),
        judge=_zones,
    ),
    ResourceRule(
        id="listeners-speak-tls-only",
        description="A load balancer takes no connection without TLS.",
        severity=Severity.HIGH,
        controls=("FSBP ELB.18", "CKV_AWS_2"),
        remedy="set protocol to TLS or HTTPS",
        on=(LISTENER,),
        judge=_listener,
    ),
    ResourceRule(
        id="images-are-scanned-and-stay-what-they-are",
        description="A tag names the same image for ever, and each image is searched for known weaknesses.",
        severity=Severity.HIGH,
        controls=("FSBP ECR.1", "FSBP ECR.2", "CKV_AWS_51", "CKV_AWS_163"),
        remedy="set imageTagMutability to IMMUTABLE and imageScanningConfiguration.scanOnPush to true",
        on=(REPOSITORY,),
        judge=_images,
    ),
    ResourceRule(
        id="repositories-are-not-emptied-on-their-way-out",
        description="A repository that still holds images is not deleted.",
        severity=Severity.MEDIUM,
        remedy="leave forceDelete out",
        on=(REPOSITORY,),
        dev=Level.OFF,
        judge=demands(Demand("forceDelete", is_off, "must not be true")),
    ),
)
