"""Who may call what: every rpc of the public protos, walked with tokens that must not open it."""

import http.client
import pathlib

import forged_tokens
import grpc
import pytest
from conftest import STUBS
from google.protobuf import descriptor_pool, json_format, message_factory
from meridian_client import bearer, uuid7
from people import Customer

DENIED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
SERVING = b"\x08\x01"  # a HealthCheckResponse
LIST_SERVICES = b"\x3a\x01*"  # a ServerReflectionRequest
SESSION = "local-019b7693-9c00-7000-8000-00000000000b"
ROLES = ("customer", "agent", "integrator", "supervisor", "admin", "auditor", "service")


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


def caller(platform, path, method):
    kind = ("stream" if method.client_streaming else "unary") + "_" + ("stream" if method.server_streaming else "unary")
    channel = grpc.insecure_channel(platform.grpc)
    return getattr(channel, kind)(path, request_serializer=lambda r: r.SerializeToString(), response_deserializer=bytes)


def code_of(platform, path, method, token):
    """What an empty request is answered with."""
    request = message_factory.GetMessageClass(method.input_type)()
    metadata = None if token is None else bearer(token)
    try:
        answer = caller(platform, path, method)(iter([request]) if method.client_streaming else request,
                                                metadata=metadata, timeout=5)
        if method.server_streaming:
            next(answer, None)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def reason_of(platform, path, method, token):
    """The machine-readable reason with which an empty request is refused; "" when it is not, or for another one."""
    request = message_factory.GetMessageClass(method.input_type)()
    try:
        answer = caller(platform, path, method)(iter([request]) if method.client_streaming else request,
                                                metadata=bearer(token), timeout=5)
        if method.server_streaming:
            next(answer, None)
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
        reasons = ("ROLE_DENIED", "PERMISSION_MISSING", "METHOD_DENIED", "TOKEN_INVALID")
        return next((reason for reason in reasons if reason.encode() in details), "")
    return ""


def walk(platform, token, expected=DENIED):
    codes = {path: code_of(platform, path, method, token) for path, method in METHODS}
    assert {p: c for p, c in codes.items() if c not in expected} == {}


def test_no_rpc_answers_without_a_good_token(platform, tmp_path):
    good = {role: platform.token(role, "somebody", *(["--session", SESSION] if role == "customer" else [])) for role in ROLES}
    unauthenticated = (grpc.StatusCode.UNAUTHENTICATED,)
    for token in (None, "", "garbage", "a.b.c"):
        walk(platform, token, unauthenticated)
    for token in good.values():
        walk(platform, forged_tokens.expired(platform, token), unauthenticated)
        walk(platform, forged_tokens.by_another_key(platform, token, tmp_path), unauthenticated)
        walk(platform, forged_tokens.unsigned(token), unauthenticated)


def test_the_forgery_itself_is_sound(platform):
    token = forged_tokens.signed_again(platform, platform.token("admin", "somebody"))
    with grpc.insecure_channel(platform.grpc) as channel:
        get = channel.unary_unary("/meridian.admin.v1.AdminService/GetConfig", response_deserializer=bytes)
        assert get(b"", metadata=bearer(token), timeout=5), "only the time makes the expired one bad"


# Every rpc with the roles that it is for.
ALLOWED = {
    "/meridian.admin.v1.AdminService/ApplyConfig": {"admin"},
    "/meridian.admin.v1.AdminService/GetConfig": {"admin", "auditor"},
    "/meridian.admin.v1.AdminService/ListAgents": {"admin", "supervisor"},
    "/meridian.admin.v1.AdminService/ListContacts": {"admin", "supervisor"},
    "/meridian.admin.v1.AdminService/ExplainContact": {"admin", "supervisor"},
    "/meridian.admin.v1.HistoryService/ListEndedContacts": {"admin", "auditor"},
    "/meridian.admin.v1.HistoryService/GetContactTimeline": {"admin", "auditor"},
    "/meridian.admin.v1.HistoryService/ListClosedConversations": {"admin", "auditor"},
    "/meridian.admin.v1.HistoryService/GetConversation": {"admin", "auditor"},
    "/meridian.agent.v1.AgentService/Connect": {"agent"},
    "/meridian.event.v1.EventService/Stream": {"integrator", "admin"},
    "/meridian.ingress.v1.IngressService/SubmitContact": {"customer", "integrator"},
    "/meridian.ingress.v1.IngressService/SendMessage": {"customer", "integrator"},
    "/meridian.ingress.v1.IngressService/WatchContact": {"customer", "integrator"},
    "/meridian.ingress.v1.IngressService/CancelContact": {"customer", "integrator", "supervisor", "admin"},
    "/meridian.ingress.v1.IngressService/Converse": {"customer", "integrator"},
    "/meridian.session.v1.SessionService/ListMessages": {"customer", "integrator", "admin"},
}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_its_own_rpcs_and_no_other(platform, role):
    assert ALLOWED.keys() == {path for path, _ in METHODS}, "every rpc has its roles"
    token = platform.token(role, "somebody", *(["--session", SESSION] if role == "customer" else []))
    reasons = {path: reason_of(platform, path, method, token) for path, method in METHODS}
    denied = {path for path, reason in reasons.items() if reason == "ROLE_DENIED"}
    assert denied == {path for path, roles in ALLOWED.items() if role not in roles}
    assert {p: r for p, r in reasons.items() if r in ("PERMISSION_MISSING", "METHOD_DENIED", "TOKEN_INVALID")} == {}


def requests_about(contact_id, conversation_id, agent):
    """path → (role that may call it, a request that names these), in protobuf JSON."""
    request = {"requestId": uuid7()}
    conversation = {"conversationId": conversation_id}
    words = {"clientNumber": "7", "parts": [{"text": {"text": "Hola"}}]}
    return {
        "/meridian.admin.v1.AdminService/ApplyConfig": ("admin", {**request, "config": {"tenant": "demo"}}),
        "/meridian.admin.v1.AdminService/GetConfig": ("admin", {}),
        "/meridian.admin.v1.AdminService/ListAgents": ("admin", {}),
        "/meridian.admin.v1.AdminService/ListContacts": ("admin", {}),
        "/meridian.admin.v1.AdminService/ExplainContact": ("admin", {"contactId": contact_id}),
        "/meridian.admin.v1.HistoryService/ListEndedContacts": ("admin", {}),
        "/meridian.admin.v1.HistoryService/GetContactTimeline": ("admin", {"contactId": contact_id}),
        "/meridian.admin.v1.HistoryService/ListClosedConversations": ("admin", {}),
        "/meridian.admin.v1.HistoryService/GetConversation": ("admin", conversation),
        "/meridian.agent.v1.AgentService/Connect": ("agent", {**request, "agent": agent, "attach": {}}),
        "/meridian.event.v1.EventService/Stream": ("admin", {"untilNow": True}),
        "/meridian.ingress.v1.IngressService/SubmitContact":
            ("integrator", {**request, "channel": "chat", "identity": {"kind": "web", "address": "shared"}, **words}),
        "/meridian.ingress.v1.IngressService/SendMessage": ("integrator", {**conversation, **words}),
        "/meridian.ingress.v1.IngressService/WatchContact": ("integrator", conversation),
        "/meridian.ingress.v1.IngressService/CancelContact":
            ("integrator", {**request, **conversation, "contactId": contact_id}),
        "/meridian.ingress.v1.IngressService/Converse":
            ("integrator", {**request, "sendMessage": {**conversation, **words}}),
        "/meridian.session.v1.SessionService/ListMessages": ("integrator", conversation),
    }


def first_answer(platform, path, method, token, request):
    """What comes first: a message, or the error, as text."""
    call = caller(platform, path, method)
    message = json_format.ParseDict(request, message_factory.GetMessageClass(method.input_type)())
    try:
        answer = call(iter([message]) if method.client_streaming else message, metadata=bearer(token), timeout=5)
        raw = next(iter(answer), b"") if method.server_streaming else answer
    except grpc.RpcError as error:
        return error.code().name
    return str(message_factory.GetMessageClass(method.output_type).FromString(raw)).strip()


def test_another_tenants_token_reaches_nothing_of_this_one(platform):
    agent, customer = platform.on_shift("es"), Customer(platform, "shared")
    contact_id = customer.submit("Hola, necesito ayuda con mi pedido, por favor.").contact_id
    customer.say("secreto")
    tokens = {role: platform.ctl("--tenant", "other", "token", "create", "--role", role, "--subject", agent)
              for role in ("agent", "integrator", "admin")}
    requests = requests_about(contact_id, customer.conversation_id, agent)
    assert requests.keys() == {path for path, _ in METHODS}, "every rpc is walked"
    before = customer.read_back()
    answers = {}
    for path, method in METHODS:
        role, request = requests[path]
        answers[path] = first_answer(platform, path, method, tokens[role], request)
    refused = ("PERMISSION_DENIED", "NOT_FOUND", "FAILED_PRECONDITION")
    assert {p: a for p, a in answers.items() if a and not any(r in a for r in refused)} == {}
    for inside in (contact_id, customer.conversation_id, "secreto", "TERM"):
        assert not any(inside in answer for answer in answers.values())
    assert customer.read_back() == before
    assert contact_id in platform.ctl("contacts")


def test_without_a_token_only_health_and_visitor_sessions_answer(platform):
    with grpc.insecure_channel(platform.grpc) as channel:
        assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=5) == SERVING
    host = platform.http.rpartition("//")[2]
    for verb, path in (("GET", "/metrics"), ("GET", "/v1/visitor-sessions"), ("GET", "/v1/ingress"), ("GET", "/v1/agent"), ("POST", "/v1/x")):
        connection = http.client.HTTPConnection(host, timeout=5)
        connection.request(verb, path, headers={"Origin": platform.http})
        assert connection.getresponse().status >= 400, path
        connection.close()


@pytest.mark.parametrize("platform, is_there", [((), True), (("--no-demo-tokens",), False)], indirect=["platform"])
def test_reflection_is_there_only_while_demo_tokens_are_on(platform, is_there):
    with grpc.insecure_channel(platform.grpc) as channel:
        ask = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        try:
            answer = next(iter(ask(iter([LIST_SERVICES]), timeout=5)))
        except grpc.RpcError as error:
            assert not is_there and error.code() == grpc.StatusCode.UNIMPLEMENTED, error
        else:
            assert is_there and b"meridian.admin.v1.AdminService" in answer


def test_errors_say_why_in_a_machines_words(platform):
    with grpc.insecure_channel(platform.grpc) as channel:
        get = channel.unary_unary("/meridian.admin.v1.AdminService/GetConfig")
        with pytest.raises(grpc.RpcError) as caught:
            get(b"", timeout=5)
    details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    assert b"TOKEN_MISSING" in details and b"google.rpc.ErrorInfo" in details


def test_an_operator_cancels_a_contact_in_its_own_name(platform):
    customer = Customer(platform, "canceled")
    # Of a language that nobody speaks: it stays in line.
    contact_id = customer.submit("Ich warte hier schon sehr lange und möchte bitte mit jemandem sprechen.").contact_id
    path = "/meridian.ingress.v1.IngressService/CancelContact"
    method = dict(METHODS)[path]
    request = {"requestId": uuid7(), "contactId": contact_id, "conversationId": customer.conversation_id}
    token = platform.token("admin", "olga")
    assert first_answer(platform, path, method, token, request) == ""
    assert first_answer(platform, path, method, token, request) == "NOT_FOUND", "it has ended"
    told = [line for line in platform.ctl("events", "--json", "--until-now").splitlines() if contact_id in line]
    assert "CANCELED_BY_OPERATOR" in told[-1] and "olga" in told[-1], told
