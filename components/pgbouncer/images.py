"""Where the pool's container image is kept."""

import json
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import ecr

from components.placement import Placement

# What is running is among the newest; ten releases are months of ways back. Each is one image, for it is pushed without
# provenance (docs/runbooks/pooler-image.md): an index's parts would be counted one by one.
KEPT_IMAGES = 10
# A push that lost its tag to another is of no use once a deployment that might refer to it has ended.
UNTAGGED_DAYS = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRepositoryArgs:
    """A repository of the given name; its key must let ECR keep grants. A durable placement refuses to delete it with
    images.
    """

    placement: Placement
    repository_name: str
    kms_key_arn: pulumi.Input[str]


class ImageRepository(pulumi.ComponentResource):
    """An ECR repository whose tags never move, whose images are scanned when pushed, and that keeps the newest ones.

    Not protected: every image can be built again from its sources.
    """

    arn: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: ImageRepositoryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("reptidex:pgbouncer:ImageRepository", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        repository = ecr.Repository(
            f"{name}-repository",
            name=args.repository_name,
            force_delete=not args.placement.durability.retains,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=args.kms_key_arn)
            ],
            opts=child,
        )
        ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            repository=repository.name,
            policy=json.dumps(lifecycle_policy()),
            opts=child,
        )
        self.arn = repository.arn
        self.url = repository.repository_url
        self.register_outputs({"arn": self.arn, "url": self.url})


def lifecycle_policy() -> dict[str, Any]:
    """What expires: untagged images after a week, and all but the newest ten."""
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"untagged for {UNTAGGED_DAYS} days",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": UNTAGGED_DAYS,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2,
                "description": f"all but the newest {KEPT_IMAGES}",
                "selection": {
                    "tagStatus": "any",
                    "countType": "imageCountMoreThan",
                    "countNumber": KEPT_IMAGES,
                },
                "action": {"type": "expire"},
            },
        ]
    }
