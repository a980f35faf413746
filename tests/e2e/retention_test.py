"""A closed conversation is erased when its time is over: nothing that its customer or agent wrote stays in the data."""

import sqlite3
import threading
from contextlib import closing

import grpc
import pytest
from meridian.ingress.v1 import ingress_service_pb2 as ingress
from meridian.ingress.v1 import ingress_service_pb2_grpc as ingress_rpc
from meridian_client import uuid7
from people import Customer
from waiting import eventually

CANARY = "canary-4711"


class LeavingCustomer(Customer):
    def leave(self):
        request = ingress.ConverseRequest(request_id=uuid7(), leave_conversation=ingress.LeaveConversationRequest(
            conversation_id=self.conversation_id))
        answered = threading.Event()

        def frames():
            yield request
            answered.wait(timeout=10)

        with self._channel() as channel:
            stream = ingress_rpc.IngressServiceStub(channel).Converse(frames(), metadata=self._token, timeout=10)
            result = next(r.result for r in stream if r.HasField("result"))
            answered.set()
        assert not result.HasField("error"), result

    def is_unknown(self):
        try:
            self.read_back()
            return False
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND, error
            return True


def records_with(platform, text):
    with closing(sqlite3.connect(f"file:{platform.data / 'meridian.db'}?mode=ro", uri=True)) as store:
        query = "SELECT count(*) FROM record WHERE instr(value, CAST(? AS BLOB)) > 0"
        return store.execute(query, (text,)).fetchone()[0]


@pytest.mark.parametrize("platform", [("--keep-conversations", "3s")], indirect=True)
def test_nothing_of_it_stays_in_the_data(platform):
    goes, stays = LeavingCustomer(platform, f"{CANARY}@example.com"), Customer(platform, "stays@example.com")
    goes.submit(f"{CANARY} 1", attributes={"note": f"{CANARY} is allergic"})
    for number in range(2, 101):
        goes.say(f"{CANARY} {number}")
    stays.submit("No me olvide.")
    assert records_with(platform, CANARY) >= 102, "messages, details and the conversation with its address"

    goes.leave()
    eventually(lambda: records_with(platform, CANARY) == 0, what="the erasure")
    assert goes.is_unknown()
    assert [text for *_, text in stays.read_back()] == ["No me olvide."]

    again = LeavingCustomer(platform, f"{CANARY}@example.com")
    again.submit(f"{CANARY} once more")
    assert again.conversation_id != goes.conversation_id
    again.leave()
    platform.kill()
    platform.start()
    eventually(lambda: records_with(platform, CANARY) == 0, what="the erasure after a crash")
    assert goes.is_unknown() and again.is_unknown()
    assert [text for *_, text in stays.read_back()] == ["No me olvide."]

    platform.stop()
    for file in platform.data.rglob("*"):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes(), file
