"""DynamoDB of the emulated account: proves that a table has each tag once. Does not prove anything of what tables hold: that is
moto's."""

from tests.sandbox.emulator.conftest import Connect


def test_a_tag_takes_a_new_value(connect: Connect) -> None:
    dynamodb = connect("dynamodb")
    arn = dynamodb.create_table(
        TableName="steps",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "target", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "target", "AttributeType": "S"}],
        Tags=[{"Key": "Owner", "Value": "one"}, {"Key": "Name", "Value": "steps"}],
    )["TableDescription"]["TableArn"]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "Owner", "Value": "other"}])
    tags = dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]
    assert sorted((tag["Key"], tag["Value"]) for tag in tags) == [("Name", "steps"), ("Owner", "other")]
