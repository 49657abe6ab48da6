"""Lambda of the emulated account: proves that what happens to calls that fail can be changed. Does not prove that any call is
made: no function runs."""

from tests.sandbox.emulator.calls import create_function
from tests.sandbox.emulator.conftest import Connect


def test_what_happens_to_calls_that_fail_can_be_set_anew_and_changed_in_part(connect: Connect) -> None:
    create_function(connect, "f")
    functions = connect("lambda")
    for age in (900, 600):
        functions.put_function_event_invoke_config(
            FunctionName="f", MaximumEventAgeInSeconds=age, MaximumRetryAttempts=2
        )
    functions.update_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    found = functions.get_function_event_invoke_config(FunctionName="f")
    assert (found["MaximumEventAgeInSeconds"], found["MaximumRetryAttempts"]) == (600, 1)
