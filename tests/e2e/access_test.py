"""Who may call what: every rpc of the public protos, walked with tokens that must not open it."""

import http.client
import pathlib

import forged_tokens
import grpc
import pytest
from conftest import STUBS
from google.protobuf import descriptor_pool, message_factory
from meridian_client import bearer

DENIED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
SERVING = b"\x08\x01"  # a HealthCheckResponse
ROLES = ("agent", "integrator", "operator", "visitor")


def methods():
    """(path, descriptor) of every rpc in the public protos."""
    found = []
    for file in sorted(STUBS.rglob("*_service_pb2.py")):
        name = str(pathlib.PurePath(file.relative_to(STUBS))).replace("_pb2.py", ".proto")
        __import__(str(file.relative_to(STUBS)).removesuffix(".py").replace("/", "."))
        for service in descriptor_pool.Default().FindFileByName(name).services_by_name.values():
            found += [(f"/{service.full_name}/{method.name}", method) for method in service.methods]
    return found


METHODS = methods()
assert len(METHODS) >= 13, METHODS


def code_of(platform, path, method, token):
    """What an empty request is answered with."""
    request = message_factory.GetMessageClass(method.input_type)()
    with grpc.insecure_channel(platform.grpc) as channel:
        kind = ("stream" if method.client_streaming else "unary") + "_" + ("stream" if method.server_streaming else "unary")
        call = getattr(channel, kind)(path, request_serializer=lambda r: r.SerializeToString(), response_deserializer=bytes)
        metadata = None if token is None else bearer(token)
        try:
            answer = call(iter([request]) if method.client_streaming else request, metadata=metadata, timeout=5)
            if method.server_streaming:
                next(answer, None)
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK


def walk(platform, token, expected=DENIED):
    codes = {path: code_of(platform, path, method, token) for path, method in METHODS}
    assert {p: c for p, c in codes.items() if c not in expected} == {}


def test_no_rpc_answers_without_a_good_token(platform, tmp_path):
    good = {role: platform.token(role, "somebody", *(["--session", "x"] if role == "visitor" else [])) for role in ROLES}
    unauthenticated = (grpc.StatusCode.UNAUTHENTICATED,)
    for token in (None, "", "garbage", "a.b.c"):
        walk(platform, token, unauthenticated)
    for token in good.values():
        walk(platform, forged_tokens.expired(platform, token), unauthenticated)
        walk(platform, forged_tokens.by_another_key(platform, token, tmp_path), unauthenticated)
        walk(platform, forged_tokens.unsigned(token), unauthenticated)


def test_the_forgery_itself_is_sound(platform):
    token = forged_tokens.signed_again(platform, platform.token("operator", "somebody"))
    with grpc.insecure_channel(platform.grpc) as channel:
        get = channel.unary_unary("/meridian.admin.v1.AdminService/GetConfig", response_deserializer=bytes)
        assert get(b"", metadata=bearer(token), timeout=5), "only the time makes the expired one bad"


@pytest.mark.parametrize("role, opened", [
    ("agent", ("/meridian.agent.v1.",)),
    ("visitor", ("/meridian.ingress.v1.", "/meridian.session.v1.")),
    ("integrator", ("/meridian.ingress.v1.", "/meridian.session.v1.", "/meridian.event.v1.", "/meridian.admin.v1.")),
    ("operator", ("/meridian.session.v1.", "/meridian.event.v1.", "/meridian.admin.v1.")),
])
def test_a_role_opens_no_more_than_its_own(platform, role, opened):
    token = platform.token(role, "somebody", *(["--session", "x"] if role == "visitor" else []))
    codes = {path: code_of(platform, path, method, token) for path, method in METHODS if not path.startswith(opened)}
    assert {p: c for p, c in codes.items() if c != grpc.StatusCode.PERMISSION_DENIED} == {}
    assert codes


def test_another_tenants_token_sees_nothing(platform):
    for role in ROLES:
        token = platform.ctl("--tenant", "other", "token", "create", "--role", role, "--subject", "somebody",
                             *(["--session", "x"] if role == "visitor" else []))
        walk(platform, token, DENIED)


def test_without_a_token_only_health_and_visitor_sessions_answer(platform):
    with grpc.insecure_channel(platform.grpc) as channel:
        assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=5) == SERVING
    host = platform.http.rpartition("//")[2]
    for verb, path in (("GET", "/v1/visitor-sessions"), ("GET", "/v1/ingress"), ("GET", "/v1/agent"), ("POST", "/v1/x")):
        connection = http.client.HTTPConnection(host, timeout=5)
        connection.request(verb, path, headers={"Origin": platform.http})
        assert connection.getresponse().status >= 400, path
        connection.close()


def test_errors_say_why_in_a_machines_words(platform):
    with grpc.insecure_channel(platform.grpc) as channel:
        get = channel.unary_unary("/meridian.admin.v1.AdminService/GetConfig")
        with pytest.raises(grpc.RpcError) as caught:
            get(b"", timeout=5)
    details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    assert b"TOKEN_MISSING" in details and b"google.rpc.ErrorInfo" in details
