"""The desired state of a checkout, as data: no engine, no credentials, no network, so also for untrusted code.

The program runs against mocks. So names that the engine or AWS gives are made up, nothing is compared with a cloud, and
whether a change replaces a resource is not known.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pulumi import Archive, Asset, AssetArchive, FileAsset
from pulumi_policy import EnforcementLevel, deserialize

from contract.desired_state import DeclaredResource, DesiredState, PolicyEvent, as_document
from desired.judging import judge, recorded
from desired.program import declared_by_file
from desired.recording import Recording
from policies import exemptions
from policies.pack import NAME, all_policies, rule_ids

SECRET = "[secret]"  # noqa: S105 - what `pulumi preview --json` shows in place of one


def desired_state(stack_file: Path, policies: Path) -> dict[str, Any]:
    """Every resource that a committed stack declares, with its inputs, and what the policy pack says of them.

    Secrets are left out, and files stand there as the sums of their content. `policies` is the pack's folder.
    Raises: ConfigError when the configuration is wrong.
    """
    recording = declared_by_file(stack_file)
    return as_document(
        DesiredState(
            resources=[
                DeclaredResource(
                    urn=each.urn,
                    type=each.type,
                    custom=each.custom,
                    parent=each.parent,
                    provider=each.provider,
                    protect=each.protect,
                    retain_on_delete=each.retain_on_delete,
                    dependencies=sorted(each.dependencies),
                    inputs=_plain(each.inputs),
                )
                for each in sorted(recording.registrations, key=lambda each: each.urn)
            ],
            policy_packs=[NAME],
            policy_events=_judgement(recording, policies),
        )
    )


def _plain(value: Any) -> Any:
    """An input as JSON can hold it."""
    match value:
        case {deserialize.SPECIAL_SIG_KEY: deserialize.SPECIAL_SECRET_SIG}:
            return SECRET
        case Mapping():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case Asset() | Archive():
            return _sums(value)
        case float() if value.is_integer():
            return int(value)  # every number arrives as a float
        case _:
            return json.loads(json.dumps(value))  # raises TypeError for what nobody thought of


def _sums(value: Any) -> Any:
    """The SHA-256 of a file, or of each file in an archive by its path there: where it lies differs between checkouts."""
    if isinstance(value, AssetArchive):
        return {name: _sums(inner) for name, inner in sorted(value.assets.items())}
    if isinstance(value, FileAsset):
        return f"sha256:{hashlib.sha256(Path(value.path).read_bytes()).hexdigest()}"
    raise TypeError(f"{type(value).__name__}: a desired state holds files and archives of files only")


def _judgement(recording: Recording, folder: Path) -> list[PolicyEvent]:
    """The policy pack's reports, in the form of the engine's policy events."""
    today = datetime.now(tz=UTC).date()
    pack = all_policies(exemptions.load(folder / "exemptions.yaml", rule_ids()), today)
    mandatory = {policy.name for policy in pack if policy.enforcement_level is EnforcementLevel.MANDATORY}
    return [
        PolicyEvent(
            resource_urn=urn,
            policy_pack_name=NAME,
            policy_name=policy,
            enforcement_level="mandatory" if policy in mandatory else "advisory",
            message=message,
        )
        for policy, urn, message in sorted(judge(pack, recorded(recording)))
    ]
