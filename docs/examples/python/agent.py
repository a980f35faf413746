"""An agent for trying things out: takes every offer, repeats what the customer says, completes at a goodbye.

    python agent.py --address 127.0.0.1:8081 --agent lucia --token-file TOKEN_FILE
"""

import re

from command_line import arguments, serve
from meridian_client import AgentHandler, text_of
from meridian.type.v1 import message_pb2

GOODBYE = re.compile(r"\b(?:bye|adi[oó]s|tsch[uü]ss|au revoir|ciao|tchau)\b", re.IGNORECASE)


class Parrot(AgentHandler):
    def __init__(self):
        self._work = {}  # conversation id → AssignmentStarted

    def attached(self, client, attached):
        print(f"{client.agent} is {attached.activity}", flush=True)

    def offer_made(self, client, offer):
        print(f"offer: {offer.contact.language} {offer.contact.queue} {offer.contact.contact_id}", flush=True)
        client.accept(offer).add_done_callback(self._report)

    def assignment_started(self, client, assignment):
        self._work[assignment.contact.conversation_id] = assignment

    def assignment_changed(self, client, changed):
        print(f"{changed.contact_id} is now in state {changed.state}", flush=True)

    def assignment_ended(self, client, ended):
        print(f"ended: {ended.contact_id}", flush=True)
        self._work = {c: a for c, a in self._work.items() if a.contact.contact_id != ended.contact_id}

    def message_received(self, client, conversation_id, message):
        assignment = self._work.get(conversation_id)
        if message.author_kind != message_pb2.AUTHOR_KIND_CUSTOMER or assignment is None:
            return
        said = client.say(conversation_id, f"«{text_of(message)}»", client_number=message.number)
        if GOODBYE.search(text_of(message)):
            said.add_done_callback(lambda _: client.complete(assignment))

    @staticmethod
    def _report(answer):
        if answer.exception():
            print(f"refused: {answer.exception()}", flush=True)


if __name__ == "__main__":
    serve(Parrot(), arguments(__doc__))
