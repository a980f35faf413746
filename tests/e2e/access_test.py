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
SESSION = "local-019b7693-9c00-7000-8000-00000000000b"
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


def walk(platform, token, expected=DENIED):
    codes = {path: code_of(platform, path, method, token) for path, method in METHODS}
    assert {p: c for p, c in codes.items() if c not in expected} == {}


def test_no_rpc_answers_without_a_good_token(platform, tmp_path):
    good = {role: platform.token(role, "somebody", *(["--session", SESSION] if role == "visitor" else [])) for role in ROLES}
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
    ("operator", ("/meridian.session.v1.", "/meridian.event.v1.", "/meridian.admin.v1.",
                  "/meridian.ingress.v1.IngressService/CancelContact")),
])
def test_a_role_opens_no_more_than_its_own(platform, role, opened):
    token = platform.token(role, "somebody", *(["--session", SESSION] if role == "visitor" else []))
    codes = {path: code_of(platform, path, method, token) for path, method in METHODS if not path.startswith(opened)}
    assert {p: c for p, c in codes.items() if c != grpc.StatusCode.PERMISSION_DENIED} == {}
    assert codes


def requests_about(contact_id, conversation_id, agent):
    """path → (role that may call it, a request that names these), in protobuf JSON."""
    request = {"requestId": uuid7()}
    conversation = {"conversationId": conversation_id}
    words = {"clientNumber": "7", "parts": [{"text": {"text": "Hola"}}]}
    return {
        "/meridian.admin.v1.AdminService/ApplyConfig": ("operator", {**request, "config": {"tenant": "demo"}}),
        "/meridian.admin.v1.AdminService/GetConfig": ("operator", {}),
        "/meridian.admin.v1.AdminService/ListAgents": ("operator", {}),
        "/meridian.admin.v1.AdminService/ListContacts": ("operator", {}),
        "/meridian.admin.v1.AdminService/ExplainContact": ("operator", {"contactId": contact_id}),
        "/meridian.admin.v1.HistoryService/ListEndedContacts": ("operator", {}),
        "/meridian.admin.v1.HistoryService/GetContactTimeline": ("operator", {"contactId": contact_id}),
        "/meridian.admin.v1.HistoryService/ListClosedConversations": ("operator", {}),
        "/meridian.admin.v1.HistoryService/GetConversation": ("operator", conversation),
        "/meridian.agent.v1.AgentService/Connect": ("agent", {**request, "agent": agent, "attach": {}}),
        "/meridian.event.v1.EventService/Stream": ("operator", {"untilNow": True}),
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
              for role in ("agent", "integrator", "operator")}
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


def test_an_operator_cancels_a_contact_in_its_own_name(platform):
    customer = Customer(platform, "canceled")
    # Of a language that nobody speaks: it stays in line.
    contact_id = customer.submit("Ich warte hier schon sehr lange und möchte bitte mit jemandem sprechen.").contact_id
    path = "/meridian.ingress.v1.IngressService/CancelContact"
    method = dict(METHODS)[path]
    request = {"requestId": uuid7(), "contactId": contact_id, "conversationId": customer.conversation_id}
    token = platform.token("operator", "olga")
    assert first_answer(platform, path, method, token, request) == ""
    assert first_answer(platform, path, method, token, request) == "NOT_FOUND", "it has ended"
    told = [line for line in platform.ctl("events", "--json", "--until-now").splitlines() if contact_id in line]
    assert "CANCELED_BY_OPERATOR" in told[-1] and "olga" in told[-1], told
