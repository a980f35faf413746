// The agent's page: shows a Desk and hands it what the agent does.

import { Desk } from "/agent/desk.js";
import { bubble, byId, element, languageName, sendOnEnter, showList, textOf, timeOf } from "/shared/elements.js";

const LINK = {
  refused: "Your token is not accepted any more.",
  superseded: "In use in another window",
  reconnecting: "Not connected",
  closed: "Not connected",
};
const STATE = { ASSIGNED: "Talking", HELD: "On hold", WRAPPING: "After-contact work", CONNECTING: "Connecting" };
const ENDED = {
  COMPLETED: "Completed",
  TRANSFERRED: "Handed over",
  LOST: "Went back to the line",
  CANCELED: "The customer canceled",
};

const WARN_BEFORE_MS = 15 * 60 * 1000; // of the token's end

let chosen = ""; // conversation id of the tab in front
const drafts = new Map();
const desk = new Desk(show);

function current() {
  return desk.talks.get(chosen);
}

function choose(conversationId) {
  if (chosen) drafts.set(chosen, byId("text").value);
  chosen = conversationId;
  byId("text").value = drafts.get(chosen) ?? "";
  byId("messages").replaceChildren();
  show();
}

function show() {
  if (!current()) {
    const [first] = desk.talks.keys();
    if ((first ?? "") !== chosen) return choose(first ?? "");
  }
  showHeader();
  showOffers();
  showTabs();
  showTalk();
}

function showHeader() {
  byId("agent").textContent = desk.agent || "Agent desk";
  document.title = desk.offers.size > 0 ? `(${desk.offers.size}) Agent desk` : "Agent desk";
  const isAvailable = desk.activity === "available";
  const cool = desk.coolDownUntil && Date.parse(desk.coolDownUntil) > Date.now();
  const ready = cool ? `No offers until ${timeOf(desk.coolDownUntil)}, after unanswered ones` : "Waiting for offers";
  const connected = !desk.attached ? "Connecting…" : isAvailable ? ready : "Away: no offers come";
  const noToken = "Open this page by the link that meridianctl prints.";
  setText("status", desk.hasToken ? (LINK[desk.link] ?? connected) : noToken);
  byId("activity").disabled = !desk.attached;
  byId("activity").setAttribute("aria-pressed", String(isAvailable));
  setText("activity-word", isAvailable ? "Available" : "Away");
  byId("link").hidden = desk.link !== "reconnecting";
  byId("superseded").hidden = desk.link !== "superseded";
  setText("notice", desk.notice);
  byId("notice").hidden = !desk.notice;
  document.body.dataset.link = desk.link;
  document.body.dataset.attached = String(desk.attached);
  showToken();
}

// There is no login yet that could hand out a new token: the agent brings one.
function showToken() {
  const left = desk.tokenEndsAt - Date.now();
  byId("token").hidden = desk.link !== "refused" && left > WARN_BEFORE_MS;
  if (byId("token").hidden) return;
  const end = Number.isFinite(desk.tokenEndsAt) ? timeOf(desk.tokenEndsAt) : "";
  const what = end && `Your token ${left > 0 ? "ends" : "ended"} at ${end}. `;
  const how = `meridianctl token create --role agent --subject ${desk.agent || "YOUR-NAME"}`;
  setText("token-why", `${what}Ask for a new one (${how}) and paste it here: your conversations stay.`);
}

function showOffers() {
  showList(byId("offers"), [...desk.offers.values()], (offer) => offer.offerToken, makeOffer);
  byId("no-offers").hidden = desk.offers.size > 0;
  for (const card of byId("offers").children) {
    const offer = desk.offers.get(card.dataset.contact);
    if (!offer) continue;
    for (const button of card.querySelectorAll("button")) button.disabled = offer.answering !== "" || !desk.attached;
    const seconds = Math.max(0, Math.ceil((Date.parse(offer.deadline) - Date.now()) / 1000));
    card.querySelector(".left").textContent = offer.deadline ? `${seconds} s` : "";
    card.querySelector("meter").value = Math.min(seconds, 30);
  }
}

function makeOffer(offer) {
  const { contact } = offer;
  const card = element("li", "offer card");
  card.dataset.contact = contact.contactId;
  const title = [languageName(contact.language) || "Unknown language", contact.channel].filter(Boolean).join(" · ");
  const attributes = Object.entries(contact.attributes ?? {}).map(([name, value]) => `${name}: ${value}`);
  const facts = [contact.queue, contact.country, ...attributes];
  const meter = element("meter");
  meter.max = 30;
  meter.setAttribute("aria-hidden", "true");
  const accept = element("button", "accept", "Accept");
  accept.addEventListener("click", () => {
    desk.accept(contact.contactId);
  });
  const reject = element("button", "quiet reject", "Reject");
  reject.addEventListener("click", () => desk.reject(contact.contactId));
  card.append(
    element("p", "offer-title", title, element("span", "left")),
    element("p", "status", facts.filter(Boolean).join(" · ")),
    element("p", "status", contact.queuedAt ? `waiting since ${timeOf(contact.queuedAt)}` : ""),
    meter,
    element("div", "actions", accept, reject),
  );
  return card;
}

function showTabs() {
  const talks = [...desk.talks.values()];
  byId("no-talks").hidden = talks.length > 0;
  byId("talk").hidden = !current();
  showList(byId("tabs"), talks, (talk) => talk.conversationId, makeTab);
  for (const tab of byId("tabs").children) {
    const talk = desk.talks.get(tab.dataset.key);
    const isChosen = tab.dataset.key === chosen;
    if (isChosen) talk.unread = 0;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    tab.querySelector(".tab-name").textContent = titleOf(talk);
    tab.querySelector(".badge").textContent = talk.unread > 0 ? String(talk.unread) : "";
    tab.classList.toggle("done", Boolean(talk.ended));
  }
}

function titleOf(talk) {
  const first = talk.messages.find((m) => m.authorKind === "AUTHOR_KIND_CUSTOMER");
  const words = first ? textOf(first) : languageName(talk.contact.language) || "Conversation";
  return words.length > 22 ? words.slice(0, 21) + "…" : words;
}

function makeTab(talk) {
  const tab = element("button", "tab", element("span", "tab-name"), element("span", "badge"));
  tab.type = "button";
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", "talk");
  tab.addEventListener("click", () => choose(talk.conversationId));
  return tab;
}

function showTalk() {
  const talk = current();
  if (!talk) return;
  const wrapUp = talk.wrapUpUntil ? ` until ${timeOf(talk.wrapUpUntil)}` : "";
  const state = talk.ended ? (ENDED[talk.ended] ?? talk.ended) : (STATE[talk.state] ?? talk.state) + wrapUp;
  const { language, queue, country } = talk.contact;
  setText("facts", [state, languageName(language), queue, country].filter(Boolean).join(" · "));
  const isTalking = !talk.ended && (talk.state === "ASSIGNED" || talk.state === "HELD");
  const offered = {
    holdContact: !talk.ended && talk.state === "ASSIGNED",
    resumeContact: !talk.ended && talk.state === "HELD",
    transferContact: isTalking,
    completeContact: isTalking,
    endWrapUp: !talk.ended && talk.state === "WRAPPING",
  };
  for (const button of byId("actions").querySelectorAll("[data-act]")) {
    button.hidden = !offered[button.dataset.act];
    button.disabled = Boolean(talk.acting);
  }
  byId("dismiss").hidden = !talk.ended;
  byId("composer").hidden = !isTalking;
  const items = [...talk.messages, ...desk.unsentIn(talk)];
  const keyOf = (item) => (item.text !== undefined ? `unsent-${item.number}` : `number-${item.number}`);
  showList(byId("messages"), items, keyOf, makeBubble);
}

function makeBubble(item) {
  if (item.text !== undefined) return bubble({ author: "You", text: item.text, mine: true, note: "sending…" });
  const isCustomer = item.authorKind === "AUTHOR_KIND_CUSTOMER";
  return bubble({
    author: desk.isMine(item) ? "You" : isCustomer ? "Customer" : (item.author ?? ""),
    text: textOf(item),
    time: timeOf(item.sentAt),
    mine: desk.isMine(item),
    isSystem: item.authorKind === "AUTHOR_KIND_SYSTEM",
    language: item.parts?.[0]?.text?.language,
  });
}

function setText(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

byId("activity").addEventListener("click", () => {
  desk.setActivity(desk.activity === "available" ? "away" : "available");
});
byId("token").addEventListener("submit", (event) => {
  event.preventDefault();
  desk.renew(byId("new-token").value);
  byId("new-token").value = "";
});
byId("take-over").addEventListener("click", () => desk.takeOver());
byId("dismiss").addEventListener("click", () => desk.dismiss(current()));
byId("actions").addEventListener("click", ({ target }) => {
  if (target.dataset.act) desk.act(current(), target.dataset.act);
});
byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("text").value.trim();
  byId("text").value = "";
  desk.say(current(), text);
});
byId("tabs").addEventListener("keydown", ({ key }) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (!step) return;
  const ids = [...desk.talks.keys()];
  choose(ids[(ids.indexOf(chosen) + step + ids.length) % ids.length]);
  byId("tabs").querySelector('[aria-selected="true"]').focus();
});
sendOnEnter(byId("text"), byId("composer"));
addEventListener("hashchange", () => location.reload()); // another link was opened in this window
setInterval(() => {
  showOffers();
  showToken();
}, 500);
show();
