"""A bot that answers three questions in Spanish and English and hands everything else to a person.

    python bot.py --address 127.0.0.1:8081 --agent faq-bot --token-file TOKEN_FILE

It may be killed and started again at any time: the server sends the conversations in hand from their first message, and
an answer carries the number of the message that it answers, so a repeated one is not shown twice.
"""

import re

from command_line import arguments, serve
from meridian_client import AgentHandler, text_of
from meridian.type.v1 import message_pb2

ANSWERS = (
    (r"hours?|open(ing)?|close|horarios?|abren|abierto|cierran|hora",
     {"es": "Abrimos de lunes a sábado, de 9:00 a 20:00.", "en": "We are open Monday to Saturday, 9:00 to 20:00."}),
    (r"where.*order|order.*(status|arrive|where)|track(ing)?|pedido|env[ií]o|seguimiento",
     {"es": "El estado de su pedido está en «Mi cuenta», en «Pedidos». Los envíos tardan de dos a tres días.",
      "en": "You find your order's status in “My account” under “Orders”. Deliveries take two to three days."}),
    (r"return|refund|send.*back|devol\w*|reembolso|cambiar",
     {"es": "Puede devolver un artículo en 30 días, gratis, con la etiqueta que venía en el paquete.",
      "en": "You can return an item within 30 days, free of charge, with the label from the parcel."}),
)
PERSON = r"human|person|persona|agente?|somebody|alguien"
GOODBYE = r"bye|goodbye|adi[oó]s|thanks|thank you|gracias|hasta luego"
HAND_OVER = {"es": "Le paso con una persona.", "en": "I am handing you over to a person."}
FAREWELL = {"es": "¡Gracias por escribir!", "en": "Thank you for writing!"}


def says(pattern, text):
    return re.search(rf"\b(?:{pattern})\b", text, re.IGNORECASE) is not None


def answer_to(text, language):
    """Returns (words, what comes after: "stay", "hand over" or "complete")."""
    language = "es" if language.startswith("es") else "en"
    if says(PERSON, text):
        return HAND_OVER[language], "hand over"
    for pattern, words in ANSWERS:
        if says(pattern, text):
            return words[language], "stay"
    if says(GOODBYE, text):
        return FAREWELL[language], "complete"
    return HAND_OVER[language], "hand over"


class Bot(AgentHandler):
    def __init__(self):
        self._work = {}  # conversation id → AssignmentStarted

    def offer_made(self, client, offer):
        client.accept(offer)

    def assignment_started(self, client, assignment):
        self._work[assignment.contact.conversation_id] = assignment

    def assignment_ended(self, client, ended):
        self._work = {c: a for c, a in self._work.items() if a.contact.contact_id != ended.contact_id}

    def message_received(self, client, conversation_id, message):
        assignment = self._work.get(conversation_id)
        if message.author_kind != message_pb2.AUTHOR_KIND_CUSTOMER or assignment is None:
            return
        words, then = answer_to(text_of(message), assignment.contact.language)
        said = client.say(conversation_id, words, client_number=message.number)
        if then == "hand over":
            said.add_done_callback(lambda _: client.hand_over(assignment))
        elif then == "complete":
            said.add_done_callback(lambda _: client.complete(assignment))


if __name__ == "__main__":
    serve(Bot(), arguments(__doc__, agent="faq-bot"))
