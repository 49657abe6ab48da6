"""What every part of the configuration is made of."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from components.windows import DailyWindow, WeeklyWindow

# KMS and Secrets Manager both keep what is deleted for 7 to 30 days.
RecoveryDays = Annotated[int, Field(ge=7, le=30)]

# The commercial partition: the ARNs of every policy here begin with arn:aws.
REGION = r"(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d"
RegionName = Annotated[str, Field(pattern=f"^{REGION}$")]
ZoneName = Annotated[str, Field(pattern=f"^{REGION}[a-z]$")]


class ConfigModel(BaseModel):
    """A part of the configuration: unknown keys are refused, values are not converted, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the key path, and what is wrong with the value, what is allowed and what to do."""

    path: str
    text: str


def repeated(path: str, values: Iterable[Hashable], message: str) -> Iterator[Problem]:
    """One problem if any value is there more than once; `message` says what that is called."""
    if any(count > 1 for count in Counter(values).values()):
        yield Problem(path, message)


def _daily_window(value: Any) -> DailyWindow:
    return DailyWindow.parse(_text(value))


def _weekly_window(value: Any) -> WeeklyWindow:
    return WeeklyWindow.parse(_text(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text; put it in quotes")  # noqa: TRY004 - pydantic reports a ValueError
    return value


Daily = Annotated[DailyWindow, BeforeValidator(_daily_window)]
Weekly = Annotated[WeeklyWindow, BeforeValidator(_weekly_window)]
