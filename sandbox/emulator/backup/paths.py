"""The paths at which the calls of AWS Backup arrive."""

import re
from typing import Any

from botocore.session import get_session
from moto.backup.responses import BackupResponse
from moto.core.utils import camelcase_to_underscores


def paths() -> dict[str, Any]:
    """Where each operation that is answered here arrives, from AWS's own description of the service."""
    model = get_session().get_service_model("backup")
    uris = {
        model.operation_model(name).http["requestUri"].rstrip("/")
        for name in model.operation_names
        if hasattr(BackupResponse, camelcase_to_underscores(name))
    }
    # moto puts the host in place of "{0}". Some SDKs end a path with a slash where others do not.
    return {
        "{0}" + re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", uri) + end: BackupResponse.dispatch
        for uri in sorted(uris)
        for end in ("$", "/$")
    }
