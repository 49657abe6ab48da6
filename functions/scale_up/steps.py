"""Lets a database or a store that is too small grow by one step of its ladder: once, and never beyond the ladder's end.

CloudWatch calls `handler` with an alarm that fires: asynchronously, at least once, and again up to twice if a call fails.
Several alarms of one fault call at the same moment. What holds them together is one item of a DynamoDB table for each
target: the last step. It is written on condition that the step before it is still the last one, so of two alarms one wins.

A step is *proposed* (in mode `approve`, until a person calls with it), *taken*, or *done*. Whoever takes it writes that down
first and changes the target afterwards, so a call that breaks off is repeated from there: a step names the size to reach and
not how much to add, and only the alarm that took it goes on with it. The time at which it was taken starts the cooldown.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from contract.alarms import unnumbered
from contract.scale_up import RDS, Mode, Size, Target
from functions.scale_up.resources import DatabaseInstance, ReplicationGroup, Resource, Running
from functions.scale_up.table import Status, Step, StepTable, show

AVAILABLE = "available"
STEP_ID_LENGTH = 12
# SNS takes subjects of up to 100 characters.
SUBJECT_LENGTH = 100


class NotAllowedError(Exception):
    """The reason why nothing is changed, and what a person can do."""


class UnknownAlarmError(Exception):
    """An alarm that no target names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScaleUp:
    """What an alarm leads to. `clients` are boto3's, by service."""

    mode: Mode
    approval_minutes: int
    apply_immediately: bool
    targets: Sequence[Target]
    table_name: str
    topic_arn: str
    function_name: str
    region: str
    clients: Mapping[str, Any]
    now: Callable[[], datetime]

    def on_alarm(self, event: Mapping[str, Any]) -> str:
        """One alarm's change of state; returns what came of it. Raises UnknownAlarmError, and what the AWS SDK does."""
        alarm, state = event["alarmData"]["alarmName"], event["alarmData"]["state"]
        if state["value"] != "ALARM":
            return f"{alarm} is {state['value']}: nothing to do"
        target = self._target_of(alarm)
        try:
            return self._on_alarm(target, _step_id(event), alarm, state.get("reason", ""))
        except NotAllowedError as reason:
            return self._notify(
                f"{target.name} does not grow", f"{alarm} asks {target.name} to grow. {reason}"
            )

    def on_approval(self, target_name: str, step_id: str) -> str:
        """A person's answer to a proposal; returns what came of it. Raises what the AWS SDK does."""
        try:
            return self._on_approval(target_name, step_id)
        except NotAllowedError as reason:
            return f"not approved: {reason}"

    def _on_alarm(self, target: Target, step_id: str, alarm: str, reason: str) -> str:
        last = self._table.last(target.name)
        if last is not None and last.id == step_id:
            return self._advance(target, last)
        if last is not None and self._waits_for_approval(last):
            return f"{last.text} is proposed already"
        size = self._checked(target, last).size
        step = Step(
            target=target.name,
            id=step_id,
            status=Status.PROPOSED if self.mode is Mode.APPROVE else Status.TAKEN,
            alarm=alarm,
            reason=reason,
            before=size,
            after=_next_size(target, size),
            at=self._seconds,
        )
        if self.mode is Mode.DRY_RUN:
            return self._notify(f"{target.name} would grow", f"would grow {step.text}\n{_cause(step)}")
        if not self._table.put(step, replacing=last):
            return f"another alarm was faster with {target.name}"
        return self._advance(target, step)

    def _on_approval(self, target_name: str, step_id: str) -> str:
        target = next((each for each in self.targets if each.name == target_name), None)
        last = None if target is None else self._table.last(target.name)
        if target is None or last is None or last.id != step_id:
            raise NotAllowedError(f"step {step_id} of {target_name} is not the last one that was proposed")
        if last.status is not Status.PROPOSED:
            return self._advance(target, last)
        if self.mode is not Mode.APPROVE:
            raise NotAllowedError(f"the mode is {self.mode} by now")
        if not self._waits_for_approval(last):
            raise NotAllowedError(f"the proposal is older than {self.approval_minutes} minutes")
        size = self._checked(target, last).size
        if size != last.before or _next_size(target, size) != last.after:
            raise NotAllowedError(f"{last.text} is no longer the next step: it is {show(size)}")
        taken = replace(last, status=Status.TAKEN, at=self._seconds)
        if not self._table.put(taken, replacing=last):
            raise NotAllowedError("another call was faster")
        return self._advance(target, taken)

    def _advance(self, target: Target, step: Step) -> str:
        """Bring a step from where it is to where it can get without a person."""
        if step.status is Status.DONE:
            return f"{step.text} is done already"
        if step.status is Status.PROPOSED:
            return self._notify(f"approve: {step.text}", self._proposal(step))
        running = self._resource(target).running(list(step.before))
        if not running.is_on_its_way_to(step.after):
            if running.size != step.before:
                return self._notify(
                    f"{target.name} does not grow",
                    f"{step.text} was begun, but it is {show(running.size)} by now",
                )
            self._notify(f"growing {step.text}", f"growing {step.text}\n{_cause(step)}")
            self._resource(target).modify(step.after, immediately=self.apply_immediately)
        when = "AWS is at it" if self.apply_immediately else "AWS does it in the maintenance window"
        told = self._notify(
            f"accepted: {step.text}", f"accepted: {step.text}. {when}, and says when it is through.\n{_cause(step)}"
        )  # fmt: skip
        self._table.put(replace(step, status=Status.DONE), replacing=step)
        return told

    def _checked(self, target: Target, last: Step | None) -> Running:
        """The target as it is, if it may grow now. Raises NotAllowedError."""
        cooldown = timedelta(minutes=target.cooldown_minutes)
        if last is not None and last.status is not Status.PROPOSED and self._age(last) < cooldown:
            end = datetime.fromtimestamp(last.at, UTC) + cooldown
            raise NotAllowedError(
                f"Its last step, {last.text}, is less than {target.cooldown_minutes} minutes ago: "
                f"not before {end:%H:%M} UTC."
            )
        running = self._resource(target).running(list(target.ladder[0]))
        if running.status != AVAILABLE:
            raise NotAllowedError(f"{target.identifier} is {running.status}, and must be {AVAILABLE}.")
        if running.pending:
            raise NotAllowedError(
                f"Changes of {target.identifier} wait for its maintenance window "
                f"({', '.join(sorted(running.pending))}): apply them first."
            )
        return running

    def _target_of(self, alarm: str) -> Target:
        for target in self.targets:
            if alarm in target.alarms or unnumbered(alarm) in target.alarms:
                return target
        raise UnknownAlarmError(f"no target names alarm {alarm}")

    def _resource(self, target: Target) -> Resource:
        kind = DatabaseInstance if target.service == RDS else ReplicationGroup
        return kind(self.clients[target.service], target.identifier)

    @property
    def _table(self) -> StepTable:
        return StepTable(client=self.clients["dynamodb"], name=self.table_name)

    @property
    def _seconds(self) -> int:
        return int(self.now().timestamp())

    def _age(self, step: Step) -> timedelta:
        return timedelta(seconds=self._seconds - step.at)

    def _waits_for_approval(self, step: Step) -> bool:
        return step.status is Status.PROPOSED and self._age(step) < timedelta(minutes=self.approval_minutes)

    def _proposal(self, step: Step) -> str:
        payload = json.dumps({"approve": step.target, "step": step.id})
        return (
            f"would grow {step.text}, if somebody approves within {self.approval_minutes} minutes:\n\n"
            f"aws lambda invoke --region {self.region} --function-name {self.function_name} "
            f"--cli-binary-format raw-in-base64-out --payload '{payload}' /dev/stdout\n\n{_cause(step)}"
        )

    def _notify(self, subject: str, message: str) -> str:
        """Tell those who are on call; returns the message."""
        self.clients["sns"].publish(
            TopicArn=self.topic_arn,
            Subject=f"{self.function_name}: {subject}"[:SUBJECT_LENGTH],
            Message=message,
        )
        return message


def _cause(step: Step) -> str:
    return f"Alarm {step.alarm}: {step.reason}"


def _next_size(target: Target, size: Size) -> Size:
    """The size after `size` on the ladder. Raises NotAllowedError."""
    if size not in target.ladder:
        rungs = "; ".join(map(show, target.ladder))
        raise NotAllowedError(
            f"It is {show(size)}, which is not one of: {rungs}. Declare what it is, or grow it by hand."
        )
    index = target.ladder.index(size)
    if index + 1 == len(target.ladder):
        raise NotAllowedError(
            f"It is {show(size)}, the largest size allowed. Raise the ceiling (`scale_up` in the stack's file)."
        )
    return target.ladder[index + 1]


def _step_id(event: Mapping[str, Any]) -> str:
    """The same for every try of one change of an alarm's state."""
    return hashlib.sha256(f"{event['alarmArn']} {event['time']}".encode()).hexdigest()[:STEP_ID_LENGTH]
