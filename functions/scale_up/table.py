"""The table of steps: for each target its last step, written on condition that no other call was faster."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contract.scale_up import Size


class Status(StrEnum):
    """How far a step has come."""

    PROPOSED = "proposed"
    TAKEN = "taken"
    DONE = "done"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of a target, as the table keeps it; `at` is the time of its last change, in seconds since the epoch."""

    target: str
    id: str
    status: Status
    alarm: str
    reason: str
    before: Size
    after: Size
    at: int

    @property
    def text(self) -> str:
        """What grows, and from what to what."""
        return f"{self.target} from {show(self.before)} to {show(self.after)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class StepTable:
    """The last step of each target."""

    client: Any
    name: str

    def last(self, target: str) -> Step | None:
        """The target's last step."""
        found = self.client.get_item(
            TableName=self.name, Key={"target": {"S": target}}, ConsistentRead=True
        ).get("Item")
        if found is None:
            return None
        return Step(
            target=target,
            id=found["id"]["S"],
            status=Status(found["status"]["S"]),
            alarm=found["alarm"]["S"],
            reason=found["reason"]["S"],
            before=json.loads(found["before"]["S"]),
            after=json.loads(found["after"]["S"]),
            at=int(found["at"]["N"]),
        )

    def put(self, step: Step, *, replacing: Step | None) -> bool:
        """Make `step` the last one if `replacing` still is; False if another call was faster.

        Written twice is written once: the SDK repeats a call whose answer it lost. The same alarm's other call, which
        has seen what this one changed, would write another size.
        """
        values = {":id": step.id, ":status": step.status, ":after": json.dumps(dict(step.after))}
        unchanged = "attribute_not_exists(target)"
        if replacing is not None:
            values |= {":last_id": replacing.id, ":last_status": replacing.status}
            unchanged = "(id = :last_id AND #status = :last_status)"
        try:
            self.client.put_item(
                TableName=self.name,
                Item={
                    **{name: {"S": str(getattr(step, name))} for name in ("target", "id", "status", "alarm", "reason")},
                    "before": {"S": json.dumps(dict(step.before))},
                    "after": {"S": json.dumps(dict(step.after))},
                    "at": {"N": str(step.at)},
                },
                ConditionExpression=f"{unchanged} OR (id = :id AND #status = :status AND #after = :after)",
                ExpressionAttributeNames={"#status": "status", "#after": "after"},
                ExpressionAttributeValues={name: {"S": str(value)} for name, value in values.items()},
            )  # fmt: skip
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def show(size: Size) -> str:
    """A size for people: its values, and what they are where that is not plain."""
    return ", ".join(
        f"{value}" if isinstance(value, str) else f"{value} {name}" for name, value in size.items()
    )
