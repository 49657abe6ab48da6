"""The messages of Terraform's plugin protocol 5 that the adapter uses, and the gRPC methods they travel on.

Field numbers and method paths are the protocol's. The messages are declared as proto2, which is the same on the
wire as the protocol's proto3 and lets `HasField` tell an absent step key from an empty one. Fields that the adapter
never reads are left out; protobuf skips them. A map travels as repeated `key`/`value` entries.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FILE = "sandbox/terraform_plugin_5.proto"
_PACKAGE = "terraform_plugin_5"

# message: fields as `name:type=number`; a star means repeated; a capitalised type is another message.
_MESSAGES = {
    "Empty": "",
    "DynamicValue": "msgpack:bytes=1 json:bytes=2",
    "Step": "attribute_name:string=1 element_key_string:string=2 element_key_int:int64=3",
    "AttributePath": "steps:Step*=1",
    "Diagnostic": "severity:int32=1 summary:string=2 detail:string=3 attribute:AttributePath=4",
    "Attribute": (
        "name:string=1 type:bytes=2 required:bool=4 optional:bool=5 computed:bool=6 sensitive:bool=7 "
        "write_only:bool=10"
    ),
    "NestedBlock": "type_name:string=1 block:Block=2 nesting:int32=3 min_items:int64=4 max_items:int64=5",
    "Block": "version:int64=1 attributes:Attribute*=2 block_types:NestedBlock*=3",
    "Schema": "version:int64=1 block:Block=2",
    "SchemaEntry": "key:string=1 value:Schema=2",
    "SchemaResponse": (
        "provider:Schema=1 resource_schemas:SchemaEntry*=2 data_source_schemas:SchemaEntry*=3 "
        "diagnostics:Diagnostic*=4"
    ),
    "ClientCapabilities": "deferral_allowed:bool=1 write_only_attributes_allowed:bool=2",
    "PrepareConfigRequest": "config:DynamicValue=1",
    "PrepareConfigResponse": "prepared_config:DynamicValue=1 diagnostics:Diagnostic*=2",
    "ConfigureRequest": (
        "terraform_version:string=1 config:DynamicValue=2 client_capabilities:ClientCapabilities=3"
    ),
    "DiagnosticsResponse": "diagnostics:Diagnostic*=1",
    "ValidateRequest": "type_name:string=1 config:DynamicValue=2 client_capabilities:ClientCapabilities=3",
    "RawState": "json:bytes=1",
    "UpgradeRequest": "type_name:string=1 version:int64=2 raw_state:RawState=3",
    "UpgradeResponse": "upgraded_state:DynamicValue=1 diagnostics:Diagnostic*=2",
    "ReadRequest": (
        "type_name:string=1 current_state:DynamicValue=2 private:bytes=3 "
        "client_capabilities:ClientCapabilities=5"
    ),
    "ReadResponse": "new_state:DynamicValue=1 diagnostics:Diagnostic*=2 private:bytes=3",
    "PlanRequest": (
        "type_name:string=1 prior_state:DynamicValue=2 proposed_new_state:DynamicValue=3 config:DynamicValue=4 "
        "prior_private:bytes=5 client_capabilities:ClientCapabilities=7"
    ),
    "PlanResponse": (
        "planned_state:DynamicValue=1 requires_replace:AttributePath*=2 planned_private:bytes=3 "
        "diagnostics:Diagnostic*=4"
    ),
    "ApplyRequest": (
        "type_name:string=1 prior_state:DynamicValue=2 planned_state:DynamicValue=3 config:DynamicValue=4 "
        "planned_private:bytes=5"
    ),
    "ApplyResponse": "new_state:DynamicValue=1 private:bytes=2 diagnostics:Diagnostic*=3",
    "ImportRequest": "type_name:string=1 id:string=2 client_capabilities:ClientCapabilities=3",
    "ImportedResource": "type_name:string=1 state:DynamicValue=2 private:bytes=3",
    "ImportResponse": "imported_resources:ImportedResource*=1 diagnostics:Diagnostic*=2",
    "ReadDataRequest": "type_name:string=1 config:DynamicValue=2 client_capabilities:ClientCapabilities=4",
    "ReadDataResponse": "state:DynamicValue=1 diagnostics:Diagnostic*=2",
    "StopResponse": "error:string=1",
}

# method of the protocol's Provider service: request and response message
METHODS = {
    "GetSchema": ("Empty", "SchemaResponse"),
    "PrepareProviderConfig": ("PrepareConfigRequest", "PrepareConfigResponse"),
    "Configure": ("ConfigureRequest", "DiagnosticsResponse"),
    "ValidateResourceTypeConfig": ("ValidateRequest", "DiagnosticsResponse"),
    "UpgradeResourceState": ("UpgradeRequest", "UpgradeResponse"),
    "ReadResource": ("ReadRequest", "ReadResponse"),
    "PlanResourceChange": ("PlanRequest", "PlanResponse"),
    "ApplyResourceChange": ("ApplyRequest", "ApplyResponse"),
    "ImportResourceState": ("ImportRequest", "ImportResponse"),
    "ReadDataSource": ("ReadDataRequest", "ReadDataResponse"),
    "Stop": ("Empty", "StopResponse"),
}

SEVERITY_ERROR = 1
NESTING_SINGLE, NESTING_LIST, NESTING_SET, NESTING_MAP, NESTING_GROUP = 1, 2, 3, 4, 5


def _declare() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name=_FILE, package=_PACKAGE, syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for text in fields.split():
            field_name, _, rest = text.partition(":")
            kind, _, number = rest.partition("=")
            field = message.field.add(name=field_name, number=int(number))
            field.label = kinds.LABEL_REPEATED if kind.endswith("*") else kinds.LABEL_OPTIONAL
            kind = kind.rstrip("*")
            if kind in _MESSAGES:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                field.type = kinds.Type.Value(f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())  # type: ignore[no-untyped-call]
    classes = message_factory.GetMessageClassesForFiles([_FILE], pool)
    return {name.rpartition(".")[2]: class_ for name, class_ in classes.items()}


_CLASSES = _declare()


def message(name: str, **fields: Any) -> Any:
    """A new message of the protocol, by its name in the table above."""
    return _CLASSES[name](**fields)


def message_class(name: str) -> Any:
    """The class of a message of the protocol, by its name in the table above."""
    return _CLASSES[name]


def method_path(method: str) -> str:
    """The gRPC path of a method of the protocol's Provider service."""
    return f"/tfplugin5.Provider/{method}"
