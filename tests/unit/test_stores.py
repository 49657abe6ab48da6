"""The arithmetic of Redis and Valkey stores: node types, access strings, and the policy of the event topic.

Proves the commands and patterns of each role, and the table of node types. Does not prove that AWS takes an access
string; tests/sandbox/cache gives the same ones to a real server.
"""

import pytest

from components.cache.access import COMMANDS, Role, StoreUser
from components.cache.events import topic_policy
from components.cache.sizing import NODE_TYPES, NodeSizingError, find_node_type


def test_a_node_type_is_found_among_its_own_service_only() -> None:
    assert find_node_type("cache.r7g.large", "elasticache").memory_bytes == int(13.07 * 2**30)
    with pytest.raises(
        NodeSizingError, match=r"'cache.r7g.larg' is not one of elasticache's: did you mean cache.r7g.large"
    ):
        find_node_type("cache.r7g.larg", "elasticache")
    with pytest.raises(NodeSizingError, match=r"'cache.r7g.large' is not one of memorydb's: did you mean db"):
        find_node_type("cache.r7g.large", "memorydb")


def test_memory_grows_with_the_size_and_is_the_same_on_both_services() -> None:
    for node in NODE_TYPES.values():
        if node.service == "memorydb":
            assert NODE_TYPES[node.name.replace("db.", "cache.")].memory_gib == node.memory_gib
    large, xlarge = NODE_TYPES["cache.m7g.large"], NODE_TYPES["cache.m7g.xlarge"]
    assert 1.9 < xlarge.memory_bytes / large.memory_bytes < 2.1


@pytest.mark.parametrize(
    ("node_type", "scales"),
    [("cache.r7g.large", True), ("cache.m6g.2xlarge", True), ("cache.r7g.4xlarge", False),
     ("cache.t4g.medium", False), ("db.r7g.large", False)],
)  # fmt: skip
def test_aws_scales_only_some_node_types(node_type: str, scales: bool) -> None:
    assert NODE_TYPES[node_type].scales_by_itself is scales


@pytest.mark.parametrize("role", Role)
def test_an_access_string_gives_the_roles_commands_on_the_users_own_patterns(role: Role) -> None:
    user = StoreUser(name="x", role=role, keys=["a:*", "b:*"], channels=["c:*"])
    words = user.access_string.split()
    assert words[0] == "on"
    assert words.index("-@all") < words.index("+@connection")
    assert COMMANDS[role] in user.access_string
    patterns = [word for word in words if word.startswith("~")]
    assert patterns == (["~*"] if role is Role.OBSERVER else ["~a:*", "~b:*"])
    assert "-@dangerous" in words


def test_the_event_topic_takes_messages_of_this_account_over_tls_only() -> None:
    """ElastiCache sends its owner's account where other services send the source's."""
    publish, refuse = topic_policy("arn:aws:sns:us-east-1:123456789012:t", "123456789012")["Statement"]
    assert publish["Condition"] == {"StringEquals": {"aws:SourceOwner": "123456789012"}}
    assert refuse["Effect"] == "Deny"
    assert refuse["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
