"""A gRPC client that knows nothing of a server beforehand: it learns services and messages by server reflection.

Requests and answers are dictionaries in protobuf's JSON form; bytes are base64 text.
"""

from contextlib import contextmanager

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
import grpc

# The longest that a call may take, seconds.
DEADLINE = 30


class Refused(Exception):
    """The server answered an error: `code` by its name, `reason` and `fields` when the server gave details."""

    def __init__(self, error):
        self.code = error.code().name
        super().__init__(f"{self.code}: {error.details()}")
        self.reason = ""
        self.fields = []
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                self._read(status_pb2.Status.FromString(value))

    def _read(self, status):
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        for detail in status.details:
            if detail.Unpack(info):
                self.reason = info.reason
            elif detail.Unpack(bad):
                self.fields = [violation.field for violation in bad.field_violations]


@contextmanager
def _refusals():
    """Turns gRPC's errors into `Refused`."""
    try:
        yield
    except grpc.RpcError as error:
        raise Refused(error) from error


class Server:
    """A server at `address`, as in `127.0.0.1:50051`. Close it when done, or use it in a `with`.

    Every method raises `Refused` when the server answers an error or cannot be reached.
    """

    def __init__(self, address):
        # A proxy of the environment is for other hosts than one's own server.
        self._channel = grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)])
        self._database = ProtoReflectionDescriptorDatabase(self._channel)
        self._pool = DescriptorPool(self._database)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._channel.close()

    def services(self):
        """The full names of all services."""
        with _refusals():
            return sorted(self._database.get_services())

    def methods(self, service):
        """The names of a service's methods."""
        with _refusals():
            return sorted(self._pool.FindServiceByName(service).methods_by_name)

    def call(self, service, method, request):
        """Calls a method that takes one request and gives one answer."""
        with _refusals():
            shape = self._shape(service, method)
            stub = self._channel.unary_unary(shape.path, shape.to_bytes, shape.from_bytes)
            return stub(request, timeout=DEADLINE)

    def stream(self, service, method, requests):
        """Calls a method that takes many requests and gives many answers; gives all the answers in a list."""
        with _refusals():
            shape = self._shape(service, method)
            stub = self._channel.stream_stream(shape.path, shape.to_bytes, shape.from_bytes)
            return list(stub(iter(requests), timeout=DEADLINE))

    def _shape(self, service, method):
        return _Shape(service, self._pool.FindServiceByName(service).methods_by_name[method])


class _Shape:
    """How one method's requests and answers are written and read."""

    def __init__(self, service, method):
        self.path = f"/{service}/{method.name}"
        self._request = message_factory.GetMessageClass(method.input_type)
        self._response = message_factory.GetMessageClass(method.output_type)

    def to_bytes(self, request):
        return json_format.ParseDict(request, self._request()).SerializeToString()

    def from_bytes(self, data):
        return json_format.MessageToDict(self._response.FromString(data), preserving_proto_field_name=True,
                                         always_print_fields_with_no_presence=True)
