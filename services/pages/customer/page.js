// The customer's page: shows a Chat and hands it what the customer does.

import { Chat, isMine } from "/customer/chat.js";
import { bubble, byId, languageName, sendOnEnter, showList, textOf, timeOf } from "/shared/elements.js";

const SITE_KEY = "demo-site";
const OVER_BECAUSE = {
  left: "You left this chat.",
  completed: "This chat is finished. Thank you for writing.",
  wrapping: "This chat is finished. Thank you for writing.",
  canceled: "This chat was canceled.",
  abandoned: "This chat ended before somebody could answer.",
  expired: "This chat has ended because too much time went by.",
  closed: "This chat is closed.",
};

const names = new Map(); // of authors, as they were shown while they answered
const chat = new Chat(SITE_KEY, show);

function statusLine() {
  const language = languageName(chat.language);
  const inLanguage = language ? ` in ${language}` : "";
  const state = (chat.status?.state ?? "").replace("CONTACT_STATE_", "");
  if (chat.phase === "idle") return "Write in your own language.";
  if (chat.phase === "over") return "Ended";
  if (chat.phase === "starting") return "Sending your message…";
  if (state === "ASSIGNED") return `${answering()} is talking with you${inLanguage}.`;
  if (state === "HELD") return `${answering()} has put you on hold, and will be back.`;
  return `Looking for somebody who can help you${inLanguage}…`;
}

function answering() {
  const name = chat.status?.agentName || "An agent";
  return chat.status?.agentKind === "AGENT_KIND_BOT" ? `${name}, an automatic assistant,` : name;
}

function authorOf(message) {
  if (isMine(message)) return "You";
  if (message.authorKind === "AUTHOR_KIND_SYSTEM") return "";
  const kind = message.authorKind === "AUTHOR_KIND_BOT" ? "AGENT_KIND_BOT" : chat.status?.agentKind;
  if (!names.has(message.author) && chat.status?.agentName && chat.status.agentKind === kind) {
    names.set(message.author, chat.status.agentName);
  }
  const name = names.get(message.author) ?? readable(message.author ?? "");
  return message.authorKind === "AUTHOR_KIND_BOT" ? `${name} · automatic` : name;
}

// "maria.lopez" → "Maria Lopez".
function readable(id) {
  return id.split(/[-._]/).map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(" ") || "Agent";
}

function makeBubble(item) {
  if (item.text !== undefined) {
    const note = chat.phase === "over" ? "not delivered" : "sending…";
    return bubble({ author: "You", text: item.text, mine: true, note });
  }
  return bubble({
    author: authorOf(item),
    text: textOf(item),
    time: timeOf(item.sentAt),
    mine: isMine(item),
    isSystem: item.authorKind === "AUTHOR_KIND_SYSTEM",
    language: item.parts?.[0]?.text?.language,
  });
}

function keyOf(item) {
  return item.text !== undefined ? `unsent-${item.number}-${chat.phase === "over"}` : `number-${item.number}`;
}

function show() {
  const isIdle = chat.phase === "idle";
  const isOver = chat.phase === "over";
  byId("welcome").hidden = !isIdle;
  byId("messages").hidden = isIdle;
  byId("over").hidden = !isOver;
  byId("composer").hidden = isOver;
  byId("leave").hidden = chat.phase !== "live";
  byId("link").hidden = chat.link !== "reconnecting" || isOver;
  setText("status", statusLine());
  setText("over-why", OVER_BECAUSE[chat.overBecause] ?? "This chat has ended.");
  setText("problem", chat.problem);
  byId("problem").hidden = !chat.problem;
  document.body.dataset.phase = chat.phase;
  document.body.dataset.link = chat.link;
  showList(byId("messages"), [...chat.messages, ...chat.unsent], keyOf, makeBubble);
  if (chat.returned) {
    byId("text").value = chat.returned;
    chat.returned = "";
  }
}

// Unchanged text is left alone: a live region would be read again.
function setText(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("text").value.trim();
  if (!text) return;
  byId("text").value = "";
  if (chat.phase === "idle") chat.begin(text, byId("locale").value, byId("topic").value);
  else chat.say(text);
  byId("text").focus();
});

byId("leave").addEventListener("click", () => {
  chat.leave();
  byId("again").focus();
});

byId("again").addEventListener("click", () => {
  byId("text").value = chat.startAgain();
  byId("text").focus();
});

sendOnEnter(byId("text"), byId("composer"));
show();
