"""The target of a request: a resource type, or data source, and the provider process of the region it is in."""

import json
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.adapter import binary, conversion, names, shapes, values
from sandbox.adapter.assets import asset_path
from sandbox.adapter.failures import NotConfiguredError
from sandbox.adapter.server import type_token
from sandbox.adapter.shapes import Primitive, Shape
from sandbox.adapter.terraform import Client
from sandbox.adapter.values import UNKNOWN, Asset, Secret

# Arguments of a provider resource that are the engine's own.
ENGINE_ARGUMENTS = ("version", "pluginDownloadURL")


@dataclass(frozen=True, slots=True)
class Target:
    """A type and its shape, and the provider process of its region.

    `provider_region` is the region of resources that choose none. `folder` is where the provider reads files.
    """

    token: str
    shape: Shape
    client: Client
    region: str
    provider_region: str
    folder: Path

    def moves(self, inputs: Mapping[str, Any]) -> bool:
        """True when the inputs choose another region than the one that the resource is in."""
        wanted = values.reveal(inputs.get("region")) or self.provider_region
        return self.shape.regional and wanted is not UNKNOWN and wanted != self.region


class Targets:
    """The provider processes, one for each region in use, and the shapes of the types that they know.

    `folder` is where they read files. `default_tags` are the tags of the provider's configuration.
    """

    def __init__(self, folder: Path) -> None:
        self.default_tags: dict[str, Any] = {}
        self._folder = folder
        self._lock = threading.Lock()
        self._arguments: dict[str, Any] | None = None
        self._region = ""
        self._clients: dict[str, Client] = {}
        self._schema: Any = None
        self._resource_schemas: dict[str, Any] = {}
        self._data_schemas: dict[str, Any] = {}
        self._shapes: dict[str, Shape] = {}

    def configure(self, given: dict[str, Any]) -> None:
        """Start the provider of the configured region; raises NotConfiguredError where there is none.

        `given` are the provider's arguments.
        """
        # Added to each resource's own tags in Check; given to Terraform as well they would be there twice.
        self.default_tags = _default_tags(given.pop("defaultTags", None))
        arguments = values.reveal(given)
        self._arguments = {name: arg for name, arg in arguments.items() if name not in ENGINE_ARGUMENTS}
        self._region = str(
            arguments.get("region")
            or os.environ.get("AWS_REGION")
            or os.environ.get("AWS_DEFAULT_REGION")
            or ""
        )
        if not self._region:
            raise NotConfiguredError(
                "no AWS region is set: set aws:region in the stack's configuration, or AWS_REGION"
            )
        self._client(self._region)

    def resource(self, urn: str, region: Any) -> Target:
        """The target of a request about the resource `urn`, which is in `region`, or in the provider's (None)."""
        token = type_token(urn)
        return self._target(token, self._shape(token, self._resource_schemas), values.reveal(region))

    def data_source(self, token: str, region: Any) -> Target:
        """The target of a call of the function `token` in `region`, or in the provider's (None)."""
        shape = self._shape(token, self._data_schemas)
        return self._target(token, shape, str(values.reveal(region) or self._region))

    def stop(self) -> None:
        """Ask the providers to give up what they do."""
        with self._lock:
            clients = list(self._clients.values())
        for client in clients:
            client.stop()

    def close(self) -> None:
        """End the providers."""
        with self._lock, ThreadPoolExecutor() as pool:
            list(pool.map(Client.close, self._clients.values()))

    def _target(self, token: str, shape: Shape, region: Any) -> Target:
        if not shape.regional or not isinstance(region, str):
            region = self._region
        return Target(token, shape, self._client(region), region, self._region, self._folder)

    def _client(self, region: str) -> Client:
        with self._lock:
            if region not in self._clients:
                if self._arguments is None:
                    raise NotConfiguredError("the provider has not been configured")
                client = Client(binary.find())
                try:
                    self._read_schema(client)
                    client.configure(self._provider_config(region))
                except BaseException:
                    client.close()
                    raise
                self._clients[region] = client
            return self._clients[region]

    def _read_schema(self, client: Client) -> None:
        if self._schema is None:
            self._schema = client.schema()
            self._resource_schemas = {entry.key: entry.value for entry in self._schema.resource_schemas}
            self._data_schemas = {entry.key: entry.value for entry in self._schema.data_source_schemas}

    def _provider_config(self, region: str) -> dict[str, Any]:
        shape = shapes.build("aws", self._schema.provider, names.provider_properties())
        arguments = dict(self._arguments or {})
        for field in shape.object.fields:
            given = arguments.get(field.pulumi or "")
            # The SDK sends everything but strings as JSON text.
            if isinstance(given, str) and given and field.type != Primitive("string"):
                arguments[str(field.pulumi)] = json.loads(given)
        return conversion.to_terraform(shape.object, {**arguments, "region": region}, self._asset_path)

    def _asset_path(self, asset: Asset) -> str:
        return asset_path(self._folder, asset)

    def _shape(self, token: str, schemas: Mapping[str, Any]) -> Shape:
        if self._arguments is None:
            raise NotConfiguredError("the provider has not been configured")
        shape = self._shapes.get(token)
        if shape is None:
            terraform_type = names.terraform_type(token, schemas)
            shape = shapes.build(terraform_type, schemas[terraform_type], names.sdk_properties(token))
            self._shapes[token] = shape
        return shape


def _default_tags(given: Any) -> dict[str, Any]:
    """The provider's default tags, which the SDK sends as JSON text; each is a secret if that is one."""
    plain = values.reveal(given)
    tags = ((json.loads(plain) if isinstance(plain, str) and plain else plain) or {}).get("tags") or {}
    return {name: Secret(tag) for name, tag in tags.items()} if values.has_secret(given) else tags
