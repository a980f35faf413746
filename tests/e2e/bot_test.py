"""The bot of docs/examples/python as an integrator would run it: three answers, a crash of its own, a hand-over."""

import os
import subprocess
import sys

import pytest
from meridian_client import AgentClient
from people import Agent, Customer
from stubs import EXAMPLES
from waiting import eventually


class RunningBot:
    def __init__(self, platform, folder, stub_path):
        self._log = folder / "bot.log"
        token = folder / "bot.token"
        token.write_text(platform.token("agent", "faq-bot"))
        self._command = [sys.executable, "-B", EXAMPLES / "bot.py", "--address", platform.grpc, "--token-file", token]
        self._environment = {**os.environ, "PYTHONPATH": os.pathsep.join(stub_path)}
        self._process = None

    def start(self):
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def log(self):
        return self._log.read_text()


@pytest.fixture(name="bot")
def running_bot(platform, tmp_path, stub_path):
    bot = RunningBot(platform, tmp_path, stub_path)
    bot.start()
    yield bot
    bot.kill()


def wait_texts(customer, bot, *texts):
    def shown():
        return [m[3] for m in customer.read_back()]

    eventually(lambda: all(any(t in s for s in shown()) for t in texts), 20, lambda: f"{texts} in {shown()}\n{bot.log()}")


def wait_attached(platform, name):
    eventually(lambda: name in platform.ctl("agents", "--attached"), what=f"{name} attached")


@pytest.mark.parametrize("language, questions, answers, handed_over", [
    ("es", ["Buenos días, ¿me podrían decir por favor a qué hora abren los sábados?", "¿Dónde está mi pedido?",
            "¿Cómo puedo devolver unos zapatos?"],
     ["de lunes a sábado", "Mi cuenta", "30 días"], "Le paso con una persona."),
    ("en", ["Good morning, could you please tell me your opening hours on Saturday?", "Where is my order?",
            "How do I return a pair of shoes?"],
     ["Monday to Saturday", "My account", "30 days"], "I am handing you over to a person."),
])
def test_the_bot_answers_three_questions_and_hands_over(platform, bot, language, questions, answers, handed_over):
    wait_attached(platform, "faq-bot")
    name, person = platform.on_shift(language), Agent()
    customer = Customer(platform, "visitor-" + language)
    with AgentClient(platform.grpc, platform.token("agent", name), name, person) as client:
        person.wait_attached()
        submitted = customer.submit(questions[0])
        assert submitted.language.split("-")[0] == language
        for question, answer in zip(questions, answers):
            if question != questions[0]:
                customer.say(question)
            wait_texts(customer, bot, answer)
        assert person.offers == [], "the bot has it"

        bot.kill()
        customer.say("Quiero hablar con una persona." if language == "es" else "I want to talk to a human.")
        bot.start()
        offer = person.wait_offer(submitted.contact_id, within=30)
        client.accept(offer).result(timeout=10)
        person.wait_text(customer.conversation_id, handed_over)

    written = customer.read_back()
    assert [m[0] for m in written] == list(range(1, 9)), written
    assert [m[1] for m in written] == ["customer", "bot"] * 4, "one answer to each, also over the bot's restart"
    assert person.messages[customer.conversation_id] == written, "the person sees what was said before"
