"""Every string and bytes field bears option data_class, and nothing personal or secret is reachable from an event.

Works on a FileDescriptorSet, so it sees what the compiler sees. See proto/meridian/type/v1/data_class.proto.
"""

import pathlib
import subprocess
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

EVENT_ROOTS = ("meridian.event.v1.Event",)
ROUTING, PERSONAL, SECRET = 1, 2, 3
NAMES = {PERSONAL: "PERSONAL", SECRET: "SECRET"}
# Messages of others that hold no text; any other one from outside can carry some, so its field needs a class too.
TEXT_FREE = {"google.protobuf." + name for name in ("Timestamp", "Duration", "FieldMask", "Empty", "BoolValue", "Int32Value",
                                                    "Int64Value", "UInt32Value", "UInt64Value")}


def descriptor_set(proto_folder):
    """Compiles every .proto below a folder."""
    names = [str(p.relative_to(proto_folder)) for p in sorted(pathlib.Path(proto_folder).rglob("*.proto"))]
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "set.pb"
        subprocess.run(["protoc", "-I", proto_folder, "--include_imports", f"--descriptor_set_out={out}", *names], check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())


class Protos:
    """The messages of a FileDescriptorSet, with the data class of each field."""

    def __init__(self, files):
        self.pool = descriptor_pool.DescriptorPool()
        self.file_names = []
        for file in files.file:
            self.pool.Add(file)
            self.file_names.append(file.name)
        self.options = message_factory.GetMessageClass(self.pool.FindMessageTypeByName("google.protobuf.FieldOptions"))
        self.extension = self.pool.FindExtensionByName("meridian.type.v1.data_class")

    def messages(self):
        """Yields every message of packages meridian.*, nested ones too, without the entries of maps."""
        todo = [m for name in self.file_names if name.startswith("meridian/")
                for m in self.pool.FindFileByName(name).message_types_by_name.values()]
        while todo:
            message = todo.pop(0)
            if not message.GetOptions().map_entry:
                yield message
            todo += message.nested_types

    def data_class(self, field):
        return self.options.FromString(field.GetOptions().SerializeToString()).Extensions[self.extension]


def _map_value(field):
    entry = field.message_type
    return entry.fields_by_name["value"] if entry is not None and entry.GetOptions().map_entry else None


def carries_text(field):
    """Whether the field itself holds text or bytes: directly, as a map's key or value, or in a message of others."""
    if field.type in (field.TYPE_STRING, field.TYPE_BYTES):
        return True
    value = _map_value(field)
    if value is not None:
        key = field.message_type.fields_by_name["key"]
        return key.type == key.TYPE_STRING or carries_text(value)
    outside = field.message_type is not None and not field.message_type.full_name.startswith("meridian.")
    return outside and field.message_type.full_name not in TEXT_FREE


def unclassified(protos):
    """Names the fields that hold text and say nothing of its class."""
    return [f.full_name for m in protos.messages() for f in m.fields if carries_text(f) and not protos.data_class(f)]


def leaks(protos, roots=EVENT_ROOTS):
    """Names the paths from a root to a field that is personal or secret."""
    found = []
    for root in roots:
        todo, seen = [(protos.pool.FindMessageTypeByName(root), root)], set()
        while todo:
            message, path = todo.pop()
            if message.full_name in seen:
                continue
            seen.add(message.full_name)
            for field in message.fields:
                kind = protos.data_class(field)
                if kind in NAMES:
                    found.append(f"{path}.{field.name} is {NAMES[kind]}")
                inner = (_map_value(field) or field).message_type
                if inner is not None and inner.full_name.startswith("meridian."):
                    todo.append((inner, f"{path}.{field.name}"))
    return sorted(found)
