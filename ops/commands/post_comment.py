"""`dbops post-comment`: one comment with a report on a pull request."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ops.errors import OpsError
from ops.review.comment import GitHub, PullRequest, post

EPILOG = "Example: dbops post-comment --repository owner/name --pull-request 7 --body-file report.md"


def run(
    repository: Annotated[str, typer.Option(help="owner/name")],
    pull_request: Annotated[int, typer.Option(min=1, help="The pull request's number.")],
    body_file: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The comment, in Markdown.")],
    api_url: Annotated[str, typer.Option(envvar="GITHUB_API_URL")] = "https://api.github.com",
    graphql_url: Annotated[str, typer.Option(envvar="GITHUB_GRAPHQL_URL")] = "https://api.github.com/graphql",
) -> None:
    """Put a report on a pull request: one comment, updated each time. The token comes from GITHUB_TOKEN alone."""
    token = os.environ.get("GITHUB_TOKEN", "").strip()
    if not token:
        raise OpsError("GITHUB_TOKEN is not set; give it a token with `pull-requests: write`")
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise OpsError(f"{repository!r} is no repository; it is owner/name")
    github = GitHub(token, api_url, graphql_url)
    print(post(github, PullRequest(repository=repository, number=pull_request), body_file.read_text("utf-8")))
