"""Lambda of the emulated account: proves that what happens to calls that fail can be changed. Does not prove that any call is
made: no function runs."""

import io
import zipfile

from tests.sandbox.emulator.conftest import Connect


def test_what_happens_to_calls_that_fail_can_be_set_anew_and_changed_in_part(connect: Connect) -> None:
    role = connect("iam").create_role(RoleName="of-a-function", AssumeRolePolicyDocument="{}")["Role"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("f.py", "")
    functions = connect("lambda")
    functions.create_function(
        FunctionName="f",
        Runtime="python3.13",
        Role=role["Arn"],
        Handler="f.handler",
        Code={"ZipFile": package.getvalue()},
    )
    for age in (900, 600):
        functions.put_function_event_invoke_config(
            FunctionName="f", MaximumEventAgeInSeconds=age, MaximumRetryAttempts=2
        )
    functions.update_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    found = functions.get_function_event_invoke_config(FunctionName="f")
    assert (found["MaximumEventAgeInSeconds"], found["MaximumRetryAttempts"]) == (600, 1)
