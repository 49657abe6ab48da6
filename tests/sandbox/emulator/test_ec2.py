"""EC2 of the emulated account: proves that rules of security groups keep their descriptions. Does not prove that anything is
let in or kept out: there is no network."""

from typing import Any

from tests.sandbox.emulator.conftest import Connect


def test_a_rule_that_names_a_group_keeps_its_description_and_takes_another(connect: Connect) -> None:
    ec2 = connect("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    one, other = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc_id)["GroupId"] for name in "ab"
    )

    def permission(description: str) -> dict[str, Any]:
        pair = {"GroupId": other, "Description": description}
        return {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [pair]}

    [rule] = ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[permission("clients")])[
        "SecurityGroupRules"
    ]
    rule_id = rule["SecurityGroupRuleId"]

    def described() -> str:
        [found] = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule_id])["SecurityGroupRules"]
        return str(found["Description"])

    assert described() == "clients"
    changed = {
        "IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "ReferencedGroupId": other, "Description": "others",
    }  # fmt: skip
    ec2.modify_security_group_rules(
        GroupId=one,
        SecurityGroupRules=[{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": changed}],
    )
    assert described() == "others"
