"""Containers on ECS, functions of Lambda, load balancers, and the images that containers come from."""

import re
from collections.abc import Callable

from policies import must
from policies.documents import EVERYTHING, parsed
from policies.resources import Resource
from policies.rule import Findings, Level, Setting, Settings, Severity, Undecided, Violation, resource_rule
from policies.values import Node, is_text, known_texts, one_of

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


@resource_rule("services-have-no-public-address", Severity.CRITICAL, on=(SERVICE,))
def _addresses(service: Resource, _: Settings) -> Findings:
    """No task has an address on the internet.

    Remedy: leave networkConfiguration.assignPublicIp out, or set it to false
    Controls: FSBP ECS.2, FSBP ECS.16, CKV_AWS_333
    """
    yield from must.not_be_true(service.at("networkConfiguration.assignPublicIp"))


@resource_rule("services-run-on-the-latest-platform", Severity.MEDIUM, on=(SERVICE,))
def _platform(service: Resource, _: Settings) -> Findings:
    """Fargate's own security fixes arrive by themselves.

    Remedy: leave platformVersion out
    Controls: FSBP ECS.10, CKV_AWS_332
    """
    yield from must.be_unset_or(service.at("platformVersion"), "LATEST")


@resource_rule("clusters-show-what-their-tasks-do", Severity.LOW, on=(CLUSTER,), dev=Level.ADVISORY)
def _insights(cluster: Resource, _: Settings) -> Findings:
    """Container Insights keeps the use of each task.

    Remedy: set containerInsights to enabled
    Controls: FSBP ECS.12, CKV_AWS_65
    """
    settings = cluster.at("settings")
    if any(item.at("name").is_unknown or item.at("value").is_unknown for item in settings.items()):
        yield Undecided(settings.path)
    elif not any(
        item.at("name").value == "containerInsights" and item.at("value").value in ("enabled", "enhanced")
        for item in settings.items()
    ):
        yield Violation("`settings` does not enable containerInsights")


@resource_rule("tasks-have-a-network-of-their-own", Severity.HIGH, on=(TASK_DEFINITION,))
def _task_network(task: Resource, _: Settings) -> Findings:
    """A task shares neither network nor processes with its host.

    Remedy: set networkMode to awsvpc, and leave pidMode and ipcMode out
    Controls: FSBP ECS.1, FSBP ECS.3
    """
    yield from must.be_one_of(task.at("networkMode"), "awsvpc")
    for name in ("pidMode", "ipcMode"):
        yield from must.satisfy(
            task.at(name), lambda value: value is None or value in ("task", "none"), "must not be the host's"
        )


def _judge_containers(task: Resource, judge: Callable[[Node], Findings]) -> Findings:
    """Judge each container of a task definition."""
    document = parsed(task.at("containerDefinitions"))
    if document.is_unknown:
        yield Undecided(document.path)
    elif not isinstance(document.value, list):
        yield Violation(f"`{document.path}` is no list of containers")
    else:
        for container in document.items():
            yield from judge(container)


def _user(value: object) -> bool:
    """`<user>` or `<user>:<group>`, and not root."""
    return isinstance(value, str) and value.split(":", maxsplit=1)[0] not in ROOT_USERS


@resource_rule("containers-have-few-privileges", Severity.HIGH, on=(TASK_DEFINITION,))
def _privileges(task: Resource, _: Settings) -> Findings:
    """What breaks into a container finds no root, and nothing to write to.

    Remedy: set readonlyRootFilesystem and user for each container, and leave privileged out
    Controls: FSBP ECS.4, FSBP ECS.5, FSBP ECS.20, CKV_AWS_334, CKV_AWS_335, CKV_AWS_336
    """

    def judge(container: Node) -> Findings:
        yield from must.not_be_true(container.at("privileged"))
        yield from must.be_true(container.at("readonlyRootFilesystem"))
        yield from must.satisfy(container.at("user"), _user, "must be a user that is not root")

    yield from _judge_containers(task, judge)


def holds_credential(name: str) -> bool:
    """Whether a variable of that name holds a credential."""
    upper = name.upper()
    return bool(CREDENTIAL.search(upper)) and not WHERE_IT_IS.search(upper)


@resource_rule("containers-find-credentials-in-secrets", Severity.CRITICAL, on=(TASK_DEFINITION,))
def _container_environment(task: Resource, _: Settings) -> Findings:
    """A credential is not in a task definition, which many may read.

    Remedy: give it under secrets with valueFrom
    Controls: FSBP ECS.8
    """

    def judge(container: Node) -> Findings:
        for variable in container.at("environment").items():
            yield from must.satisfy(
                variable.at("name"),
                lambda name: isinstance(name, str) and not holds_credential(name),
                "must not be that of a credential",
            )

    yield from _judge_containers(task, judge)


@resource_rule("containers-write-logs", Severity.MEDIUM, on=(TASK_DEFINITION,))
def _container_logs(task: Resource, _: Settings) -> Findings:
    """What a container said is there after it ended.

    Remedy: set logConfiguration for each container
    Controls: FSBP ECS.9
    """
    yield from _judge_containers(
        task,
        lambda container: must.satisfy(
            container.at("logConfiguration.logDriver"), is_text, "must say where the log goes"
        ),
    )


@resource_rule("tasks-have-two-roles", Severity.MEDIUM, on=(TASK_DEFINITION,))
def _roles(task: Resource, _: Settings) -> Findings:
    """What runs in a task may not do what starts it: fetch its secrets and its image.

    Remedy: give taskRoleArn and executionRoleArn a role each
    Controls: CKV_AWS_249
    """
    own, execution = task.at("taskRoleArn"), task.at("executionRoleArn")
    if own.is_unknown or execution.is_unknown:
        yield Undecided(own.path if own.is_unknown else execution.path)
    elif own.is_set and own.value == execution.value:
        yield Violation("`taskRoleArn` and `executionRoleArn` are the same role")


@resource_rule(
    "functions-run-on-supported-runtimes",
    Severity.HIGH,
    on=(FUNCTION,),
    settings={"supported": Setting.texts(SUPPORTED_RUNTIMES, of="the runtimes that AWS still mends")},
)
def _runtime(function: Resource, settings: Settings) -> Findings:
    """A function's runtime still gets security fixes.

    Remedy: set runtime
    Controls: FSBP Lambda.2, CKV_AWS_363
    """
    if function.at("packageType").value != "Image":
        yield from must.satisfy(
            function.at("runtime"), one_of(*settings["supported"]), "must be one that AWS still mends"
        )


@resource_rule("functions-find-credentials-in-secrets", Severity.CRITICAL, on=(FUNCTION,))
def _function_environment(function: Resource, _: Settings) -> Findings:
    """A credential is not in a function's configuration, which many may read.

    Remedy: read it from Secrets Manager, and give the secret's ARN
    Controls: CKV_AWS_45
    """
    variables = function.at("environment.variables")
    if variables.is_unknown:
        yield Undecided(variables.path)
    elif variables.value is not None and not isinstance(variables.value, dict):
        yield Violation(f"`{variables.path}` is no object")
    elif any(holds_credential(name) for name in variables.value or {}):
        yield Violation(f"`{variables.path}` holds a credential, by its name")


@resource_rule("functions-survive-the-loss-of-a-zone", Severity.MEDIUM, on=(FUNCTION,))
def _function_zones(function: Resource, _: Settings) -> Findings:
    """A function in a network runs in at least two zones.

    Remedy: set vpcConfig.subnetIds to subnets of two zones
    Controls: FSBP Lambda.5
    """
    network = function.at("vpcConfig")
    if network.is_set:
        yield from must.hold_two_subnets(network.at("subnetIds"))


@resource_rule("functions-are-called-by-whom-they-serve", Severity.HIGH, on=(PERMISSION,))
def _caller(permission: Resource, _: Settings) -> Findings:
    """A service calls a function for one owner, not for any customer of AWS.

    Remedy: set sourceArn or sourceAccount
    Controls: FSBP Lambda.1, CKV_AWS_301, CKV_AWS_364
    """
    principal = permission.at("principal")
    is_tied = any(permission.at(name).is_set for name in ("sourceArn", "sourceAccount", "principalOrgId"))
    if principal.is_unknown:
        yield Undecided(principal.path)
    elif not is_text(principal.value):
        yield Violation("`principal` is not set")
    elif not is_tied and (principal.value == EVERYTHING or str(principal.value).endswith(".amazonaws.com")):
        yield Violation("neither `sourceArn` nor `sourceAccount` says whose caller may call")


@resource_rule("load-balancers-are-internal", Severity.CRITICAL, on=(LOAD_BALANCER,))
def _internal(balancer: Resource, _: Settings) -> Findings:
    """Nobody on the internet reaches a load balancer.

    Remedy: set internal to true
    """
    yield from must.be_true(balancer.at("internal"))


@resource_rule(
    "load-balancers-are-protected-from-deletion", Severity.MEDIUM, on=(LOAD_BALANCER,), dev=Level.OFF
)
def _balancer_deletion(balancer: Resource, _: Settings) -> Findings:
    """A load balancer that clients know by its name is not deleted by mistake.

    Remedy: set enableDeletionProtection to true
    Controls: FSBP ELB.6, CKV_AWS_150
    """
    yield from must.be_true(balancer.at("enableDeletionProtection"))


@resource_rule("load-balancers-survive-the-loss-of-a-zone", Severity.MEDIUM, on=(LOAD_BALANCER,))
def _zones(balancer: Resource, _: Settings) -> Findings:
    """A load balancer answers in at least two zones, for targets in any.

    Remedy: set subnets of two zones, and enableCrossZoneLoadBalancing
    Controls: FSBP ELB.13, CKV_AWS_152
    """
    name = "subnets" if balancer.at("subnets").is_set else "subnetMappings"
    yield from must.hold_two_subnets(balancer.at(name))
    kind = balancer.at("loadBalancerType")
    if kind.is_unknown:
        yield Undecided(kind.path)
    elif kind.value == "network":
        yield from must.be_true(balancer.at("enableCrossZoneLoadBalancing"))


@resource_rule("listeners-speak-tls-only", Severity.HIGH, on=(LISTENER,))
def _listener(listener: Resource, _: Settings) -> Findings:
    """A load balancer takes no connection without TLS.

    Remedy: set protocol to TLS or HTTPS
    Controls: FSBP ELB.18, CKV_AWS_2
    """
    redirects = "redirect" in known_texts(
        Node("", [action.at("type").value for action in listener.at("defaultActions").items()])
    )
    if not redirects:
        yield from must.be_one_of(listener.at("protocol"), "TLS", "HTTPS")


@resource_rule("images-are-scanned-and-stay-what-they-are", Severity.HIGH, on=(REPOSITORY,))
def _images(repository: Resource, _: Settings) -> Findings:
    """A tag names the same image for ever, and each image is searched for known weaknesses.

    Remedy: set imageTagMutability to IMMUTABLE and imageScanningConfiguration.scanOnPush to true
    Controls: FSBP ECR.1, FSBP ECR.2, CKV_AWS_51, CKV_AWS_163
    """
    yield from must.be_one_of(repository.at("imageTagMutability"), "IMMUTABLE")
    yield from must.be_true(repository.at("imageScanningConfiguration.scanOnPush"))


@resource_rule(
    "repositories-are-not-emptied-on-their-way-out", Severity.MEDIUM, on=(REPOSITORY,), dev=Level.OFF
)
def _repository_deletion(repository: Resource, _: Settings) -> Findings:
    """A repository that still holds images is not deleted.

    Remedy: leave forceDelete out
    """
    yield from must.not_be_true(repository.at("forceDelete"))


RULES = (
    _addresses,
    _platform,
    _insights,
    _task_network,
    _privileges,
    _container_environment,
    _container_logs,
    _roles,
    _runtime,
    _function_environment,
    _function_zones,
    _caller,
    _internal,
    _balancer_deletion,
    _zones,
    _listener,
    _images,
    _repository_deletion,
)
