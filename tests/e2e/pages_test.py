"""The two pages in Chromium, walked as a customer and as an agent: reloads, double clicks, a crash in the middle."""

import os
import pathlib

import pytest
from playwright.sync_api import expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
SCREENSHOTS = pathlib.Path(os.environ["MERIDIAN_BUILD_DIR"]) / "screenshots"
FIRST = "Hola, no puedo pagar mi factura con tarjeta. ¿Me pueden ayudar, por favor?"
WIDE = {"width": 1100, "height": 760}
PHONE = {"width": 390, "height": 780}

expect.set_options(timeout=20_000)

# What Chromium calls a server that is away, or that went away between two requests.
BROKEN_CONNECTION = ("WebSocket connection", "ERR_CONNECTION", "ERR_SOCKET_NOT_CONNECTED")


class Pages:
    """Opens pages and writes down what their consoles complain of."""

    def __init__(self, browser, platform):
        self._browser = browser
        self._platform = platform
        self.complaints = []

    def _open(self, address, **context):
        page = self._browser.new_context(**context).new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note)
        page.goto(address)
        return page

    def _note(self, message):
        is_broken_connection = any(words in message.text for words in BROKEN_CONNECTION)
        if message.type in ("error", "warning") and not is_broken_connection:
            self.complaints.append(message.text)

    def customer(self, **context):
        return self._open(self._platform.http + "/", **{"viewport": PHONE, **context})

    def agent(self, name=None, token_life="12h", **context):
        address = self._platform.ctl("demo", "agent", "--language", "es")
        assert address.startswith(self._platform.http + "/agent"), address
        if name:
            token = self._platform.token("agent", name, "--ttl", token_life)
            address = f"{self._platform.http}/agent#agent={name}&token={token}"
        page = self._open(address, **{"viewport": WIDE, **context})
        expect(page.locator("body[data-attached=true]")).to_be_attached()
        assert "token" not in page.url, "the fragment is cleared at once"
        return page


@pytest.fixture(name="pages")
def opened_pages(platform):
    SCREENSHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        pages = Pages(browser, platform)
        yield pages
        browser.close()
    assert pages.complaints == []


def shot(page, name):
    page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")


def say(page, text):
    page.fill("#text", text)
    page.click("#send")


def words(page):
    return page.locator("#messages .words")


def begin(customer, agent, text=FIRST):
    """From the first message to the agent's acceptance."""
    say(customer, text)
    agent.locator(".offer .accept").dblclick()
    expect(words(agent)).to_have_text([text])


def test_a_conversation_by_page(pages):
    customer, agent = pages.customer(), pages.agent()
    shot(customer, "customer-1-welcome")
    shot(agent, "agent-1-waiting")
    customer.fill("#text", FIRST)
    customer.locator("#send").dblclick()
    expect(words(customer)).to_have_text([FIRST])
    expect(agent.locator(".offer")).to_have_count(1)
    expect(agent.locator(".offer-title")).to_contain_text("Spanish")
    shot(customer, "customer-2-looking")
    shot(agent, "agent-2-offer")
    agent.locator(".offer .accept").dblclick()
    expect(words(agent)).to_have_text([FIRST])
    expect(agent.locator(".offer")).to_have_count(0)
    expect(customer.locator("#status")).to_contain_text("is talking with you in Spanish")

    agent.fill("#text", "Claro que sí. ¿Qué mensaje le aparece?")
    agent.locator("#send").dblclick()
    expect(words(customer)).to_have_count(2)
    customer.fill("#text", "«Tarjeta rechazada», aunque ayer funcionaba.")
    customer.press("#text", "Enter")
    expect(words(agent)).to_have_count(3)
    shot(customer, "customer-3-talking")
    shot(agent, "agent-3-talking")

    agent.click("[data-act=holdContact]")
    expect(agent.locator("#facts")).to_contain_text("On hold")
    expect(customer.locator("#status")).to_contain_text("has put you on hold")
    customer.reload()
    expect(customer.locator("#status")).to_contain_text("has put you on hold")
    agent.click("[data-act=resumeContact]")
    expect(agent.locator("#facts")).to_contain_text("Talking")
    expect(customer.locator("#status")).to_contain_text("is talking with you")
    agent.click("[data-act=completeContact]")
    expect(customer.locator("#over")).to_be_visible()
    expect(agent.locator("#composer")).to_be_hidden()
    shot(customer, "customer-4-over")
    shot(agent, "agent-4-completed")

    customer.click("#again")
    expect(customer.locator("#welcome")).to_be_visible()
    say(customer, "Hola otra vez, ahora tengo otra pregunta sobre mi factura.")
    expect(agent.locator(".offer")).to_have_count(1)


def test_reloads_lose_nothing(pages):
    customer, agent = pages.customer(), pages.agent()
    begin(customer, agent)
    said = [FIRST]
    for page, text in ((agent, "uno"), (customer, "dos"), (agent, "tres"), (customer, "cuatro")):
        page.reload()
        expect(words(page)).to_have_text(said)
        say(page, text)
        said.append(text)
        expect(words(customer)).to_have_text(said)
        expect(words(agent)).to_have_text(said)


def test_kill_9_in_the_middle_loses_nothing_on_either_page(platform, pages):
    customer, agent = pages.customer(color_scheme="dark"), pages.agent(color_scheme="dark")
    begin(customer, agent)
    say(agent, "antes")
    expect(words(customer)).to_have_text([FIRST, "antes"])
    platform.kill()
    expect(customer.locator("#link")).to_be_visible()
    expect(agent.locator("#link")).to_be_visible()
    say(customer, "escrito sin conexión")
    say(agent, "también sin conexión")
    shot(customer, "customer-5-reconnecting")
    shot(agent, "agent-5-reconnecting")
    platform.start()
    expect(customer.locator("#link")).to_be_hidden()
    expect(words(customer)).to_have_count(4)
    expect(words(agent)).to_have_count(4)
    expect(customer.locator("#messages .meta", has_text="sending")).to_have_count(0)
    say(customer, "después")
    expect(words(agent)).to_have_count(5)
    assert words(agent).all_inner_texts() == words(customer).all_inner_texts(), "the same order on both sides"
    assert sorted(words(agent).all_inner_texts()) == sorted(
        [FIRST, "antes", "escrito sin conexión", "también sin conexión", "después"])


def test_a_first_message_written_while_the_server_is_away_arrives(platform, pages):
    customer = pages.customer()
    platform.kill()
    say(customer, FIRST)
    expect(customer.locator("#messages .meta")).to_have_text("sending…")
    platform.start()
    expect(customer.locator("#messages .meta")).not_to_have_text("sending…")
    expect(words(customer)).to_have_text([FIRST])
    expect(pages.agent().locator(".offer")).to_have_count(1)


def test_the_customer_leaves(pages):
    customer, agent = pages.customer(), pages.agent()
    begin(customer, agent)
    customer.click("#leave")
    expect(customer.locator("#over-why")).to_have_text("You left this chat.")
    expect(agent.locator("[data-act=holdContact]")).to_be_hidden()


def test_two_conversations_side_by_side_and_one_handed_over(pages):
    agent, first, second = pages.agent(), pages.customer(), pages.customer()
    begin(first, agent)
    other = "Buenas tardes, necesito cambiar la dirección de mi pedido, por favor."
    say(second, other)
    agent.locator(".offer .accept").click()
    expect(agent.locator(".tab")).to_have_count(2)
    say(first, "¿Sigue ahí?")
    agent.locator(".tab", has_text="Buenas tardes").click()
    expect(words(agent)).to_have_text([other])
    shot(agent, "agent-6-two-conversations")
    agent.click("[data-act=transferContact]")
    expect(agent.locator("#facts")).to_contain_text("Handed over")
    agent.click("#dismiss")
    expect(agent.locator(".tab")).to_have_count(1)
    expect(words(agent)).to_have_text([FIRST, "¿Sigue ahí?"])


def test_an_agent_who_is_away_or_says_no_gets_nothing(pages):
    customer, agent = pages.customer(), pages.agent()
    agent.click("#activity")
    expect(agent.locator("#activity")).to_have_text("Away")
    say(customer, FIRST)
    expect(customer.locator("#status")).to_contain_text("Looking for somebody")
    agent.click("#activity")
    agent.locator(".offer .reject").click()
    expect(agent.locator(".offer")).to_have_count(0)
    expect(customer.locator("#status")).to_contain_text("Looking for somebody")


def test_a_second_window_takes_over_and_the_first_may_take_back(pages):
    agent = pages.agent()
    name = agent.locator("#agent").inner_text()
    other = pages.agent(name)
    expect(agent.locator("#superseded")).to_be_visible()
    shot(agent, "agent-7-superseded")
    agent.click("#take-over")
    expect(agent.locator("body[data-attached=true]")).to_be_attached()
    expect(other.locator("#superseded")).to_be_visible()


def test_the_pages_work_by_keyboard_alone(pages):
    customer, agent = pages.customer(viewport=WIDE), pages.agent()
    customer.keyboard.press("Tab")
    customer.locator("#text").focus()
    customer.keyboard.type(FIRST)
    customer.keyboard.press("Enter")
    expect(agent.locator(".offer .accept")).to_be_enabled()
    agent.locator(".offer .accept").focus()
    agent.keyboard.press("Enter")
    expect(words(agent)).to_have_text([FIRST])
    assert customer.locator("#messages").get_attribute("aria-live") == "polite"


def test_an_agent_is_told_in_time_that_the_token_ends_and_pastes_a_new_one(platform, pages):
    name = platform.on_shift("es")
    agent, customer = pages.agent(name, token_life="60s"), pages.customer()
    begin(customer, agent)
    expect(agent.locator("#token-why")).to_contain_text("Your token ends at")
    expect(agent.locator("#token-why")).to_contain_text(f"--role agent --subject {name}")
    shot(agent, "agent-8-token-ends")
    agent.fill("#new-token", platform.token("agent", "somebody.else"))
    agent.click("#renew")
    expect(agent.locator("#notice")).to_contain_text("somebody else")
    agent.fill("#new-token", platform.token("agent", name, "--ttl", "5s"))
    agent.press("#new-token", "Enter")
    expect(agent.locator("#notice")).to_be_hidden()
    expect(agent.locator("#token-why")).to_contain_text("Your token ended at")
    say(agent, "todavía aquí")
    expect(words(customer)).to_have_text([FIRST, "todavía aquí"])

    agent.reload()  # a new connection with the token that has ended
    expect(agent.locator("#status")).to_contain_text("token is not accepted")
    link = f"{platform.http}/agent#agent={name}&token={platform.token('agent', name)}"
    agent.fill("#new-token", link)
    agent.click("#renew")
    expect(agent.locator("body[data-attached=true]")).to_be_attached()
    expect(agent.locator("#token")).to_be_hidden()
    expect(words(agent)).to_have_text([FIRST, "todavía aquí"])
    pages.complaints = [c for c in pages.complaints if "401" not in c and "403" not in c]


def test_a_token_that_is_not_taken_is_said(platform, pages):
    address = f"{platform.http}/agent#agent=somebody&token=garbage"
    page = pages._open(address)
    expect(page.locator("#status")).to_contain_text("token is not accepted")
    pages.complaints = [c for c in pages.complaints if "401" not in c and "403" not in c]
