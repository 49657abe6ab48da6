"""Tags of AWS Backup's resources, and how moto's class for its calls is made.

Source: the AWS Backup API Reference (ListTags, TagResource, UntagResource).
"""

# ruff: noqa: D102 - methods are named after the operations that they answer, which AWS documents

from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult, BaseResponse, EmptyResult


class Response(BackupResponse):
    """Calls about tags; all calls get their parameters as moto's newer classes do."""

    def __init__(self) -> None:
        BaseResponse.__init__(self, service_name="backup")  # in moto's class, `super()` would not find it
        self.automated_parameter_parsing = True

    def list_tags(self) -> ActionResult:  # type: ignore[override]
        return ActionResult({"Tags": self.backup_backend.list_tags(self.params["ResourceArn"])})

    def tag_resource(self) -> ActionResult:  # type: ignore[override]
        self.backup_backend.tag_resource(self.params["ResourceArn"], self.params["Tags"])
        return EmptyResult()

    def untag_resource(self) -> ActionResult:  # type: ignore[override]
        self.backup_backend.untag_resource(self.params["ResourceArn"], self.params["TagKeyList"])
        return EmptyResult()
