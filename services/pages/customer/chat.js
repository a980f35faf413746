// A customer's conversation: what is known of it, what was written and not yet acknowledged, and the frames that keep
// both sides equal. Knows nothing of the page. What must survive a reload lies in sessionStorage: the token, the
// conversation and unacknowledged messages; the others are read back from the server.

import { Connection } from "/shared/connection.js";
import { RequestIds } from "/shared/request_ids.js";
import { textOf } from "/shared/elements.js";

const STORED_AS = "meridian.chat";
const OVER = ["WRAPPING", "COMPLETED", "ABANDONED", "CANCELED", "EXPIRED"];
const TRY_AGAIN = ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"];
const FULL = ["QUEUE_FULL", "TOO_MANY_CONTACTS", "CONVERSATION_FULL"]; // the same words a moment later do not help

const nothing = () => ({
  phase: "idle", // "starting" until the contact is acknowledged, "live", "over"
  token: "",
  conversationId: "",
  language: "",
  nextNumber: 1,
  outbox: [], // {number, text, submit?: {requestId, locale, topic}}, in the order written
  leaving: "", // request id of an unacknowledged leave
  overBecause: "",
});

export class Chat {
  messages = [];
  status = null; // the last ContactStatus
  link = "closed";
  problem = "";
  returned = ""; // words of a refused first message, for the page to put back

  #siteKey;
  #kept;
  #lastNumber = 0;
  #caughtUp = false;
  #ids = new RequestIds();
  #sentAs = new Map(); // request id → the own number of the message that was sent under it over this connection
  #connection;
  #changed;
  #retry = 0;

  constructor(siteKey, changed) {
    this.#siteKey = siteKey;
    this.#changed = changed;
    this.#kept = { ...nothing(), ...JSON.parse(sessionStorage.getItem(STORED_AS) ?? "{}") };
    this.#connection = new Connection({
      path: "/v1/ingress",
      subprotocol: "meridian.ingress.v1",
      token: () => this.#kept.token,
      onOpen: () => this.#resume(),
      onFrame: (frame) => this.#receive(frame),
      onState: (state) => this.#show({ link: state }),
      onRefused: () => this.#refused(),
    });
    if (this.phase !== "idle") this.#open();
  }

  get phase() {
    return this.#kept.phase;
  }
  get overBecause() {
    return this.#kept.overBecause;
  }
  get language() {
    return this.status?.language || this.#kept.language;
  }
  get unsent() {
    const seen = new Set(this.messages.filter(isMine).map((m) => Number(m.clientNumber)));
    return this.#kept.outbox.filter((entry) => !seen.has(entry.number));
  }

  // The first message. A second call before the first is over does nothing.
  begin(text, locale, topic) {
    if (this.phase !== "idle" || !text) return;
    const submit = { requestId: this.#ids.next(), locale, topic };
    this.#keep({ phase: "starting", nextNumber: 2, outbox: [{ number: 1, text, submit }] });
    this.#show({ problem: "" });
    this.#open();
  }

  say(text) {
    if (this.phase === "over" || this.phase === "idle" || !text) return;
    const entry = { number: this.#kept.nextNumber, text };
    this.#keep({ nextNumber: entry.number + 1, outbox: [...this.#kept.outbox, entry] });
    if (this.phase === "live") this.#sendEntry(entry);
    this.#changed();
  }

  leave() {
    if (this.phase !== "live") return;
    this.#keep({ phase: "over", overBecause: "left", leaving: this.#ids.next() });
    this.#sendLeave();
    this.#changed();
  }

  // Back to the empty page. Returns what was never delivered.
  startAgain() {
    const undelivered = this.unsent.map((entry) => entry.text).join("\n");
    this.#connection.stop();
    this.#kept = nothing();
    sessionStorage.removeItem(STORED_AS);
    this.messages = [];
    this.#lastNumber = 0;
    this.#show({ status: null, problem: "", link: "closed" });
    return undelivered;
  }

  async #open() {
    if (!this.#kept.token && !(await this.#openSession())) return;
    if (this.phase !== "idle") this.#connection.start();
  }

  // A visitor session: until the server answers, or says no for good.
  async #openSession() {
    for (let attempt = 0; this.phase !== "idle"; attempt++) {
      try {
        const response = await fetch("/v1/visitor-sessions", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ siteKey: this.#siteKey }),
        });
        const answer = await response.json();
        if (response.ok) {
          this.#keep({ token: answer.token });
          return true;
        }
        if (response.status < 500 && response.status !== 429) {
          this.#giveBack(answer.error?.message ?? "The chat cannot be opened from this page.");
          return false;
        }
      } catch {
        // No connection: tried again below.
      }
      this.#show({ link: "reconnecting" });
      const longest = Math.min(8000, 300 * 2 ** attempt);
      await new Promise((done) => setTimeout(done, longest / 2 + Math.random() * (longest / 2)));
    }
    return false;
  }

  // After each connect: everything that may have been lost with the connection before.
  #resume() {
    this.#sentAs.clear();
    if (this.#kept.leaving) this.#sendLeave();
    if (this.#kept.conversationId) this.#watch();
    if (this.phase !== "over") this.#sendUnacknowledged();
  }

  #watch() {
    this.#caughtUp = false;
    const { conversationId } = this.#kept;
    this.#command({ watchContact: { conversationId, afterNumber: String(this.#lastNumber) } });
  }

  #sendUnacknowledged() {
    const underWay = new Set(this.#sentAs.values());
    for (const entry of this.#kept.outbox) {
      if (entry.acknowledged || underWay.has(entry.number)) continue;
      if (entry.submit || this.phase === "live") this.#sendEntry(entry);
    }
  }

  #sendEntry(entry) {
    const parts = [{ text: { text: entry.text } }];
    const clientNumber = String(entry.number);
    if (!entry.submit) {
      this.#command({ sendMessage: { conversationId: this.#kept.conversationId, clientNumber, parts } }, entry.number);
      return;
    }
    const { requestId, locale, topic } = entry.submit;
    const submitContact = { requestId, channel: "chat", parts, clientNumber, attributes: topic ? { topic } : {} };
    const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (locale) submitContact.locale = locale;
    if (timeZone) submitContact.timeZone = timeZone;
    this.#connection.send({ requestId, submitContact });
  }

  #sendLeave() {
    const requestId = this.#kept.leaving;
    this.#connection.send({ requestId, leaveConversation: { requestId, conversationId: this.#kept.conversationId } });
  }

  #command(command, number) {
    const requestId = this.#ids.next();
    if (number) this.#sentAs.set(requestId, number);
    this.#connection.send({ requestId, ...command });
  }

  #receive(frame) {
    if (frame.tokenRenewed) this.#keep({ token: frame.tokenRenewed.token });
    if (frame.result) this.#answered(frame.result);
    if (frame.watch) this.#watched(frame.watch);
    this.#changed();
  }

  #answered({ requestId, error, submitContact }) {
    const number = this.#sentAs.get(requestId);
    this.#sentAs.delete(requestId);
    const submitted = this.#kept.outbox.find((entry) => entry.submit?.requestId === requestId);
    if (requestId === this.#kept.leaving) {
      if (!error || !isPassing(error)) this.#keep({ leaving: "" });
    } else if (error) {
      this.#failed(error, submitted, number);
    } else if (submitted && submitContact) {
      this.#accepted(submitContact);
    } else if (number) {
      this.#acknowledged(number);
    }
  }

  #accepted(contact) {
    const outbox = this.#kept.outbox.filter((entry) => !entry.submit);
    this.#keep({ phase: "live", conversationId: contact.conversationId, language: contact.language ?? "", outbox });
    this.#watch();
    this.#sendUnacknowledged();
  }

  #failed(error, submitted, number) {
    if (error.shardTimeMs) this.#ids.correct(Number(error.shardTimeMs));
    const isOld = ["REQUEST_TOO_OLD", "REQUEST_FROM_FUTURE"].includes(error.reason);
    if (submitted && (isOld || error.reason === "REQUEST_ID_REUSED")) {
      submitted.submit.requestId = this.#ids.next();
      this.#keep({});
      this.#sendEntry(submitted);
    } else if (isPassing(error)) {
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#resume(), 500 + Math.random() * 1500);
    } else if (submitted) {
      this.#giveBack(error.message || error.reason);
    } else if (number && error.reason?.startsWith("CLIENT_NUMBER")) {
      this.#renumber(number);
    } else if (["CONVERSATION_CLOSED", "CONVERSATION_NOT_FOUND", "NO_LIVE_CONTACT"].includes(error.reason)) {
      this.#keep({ phase: "over", overBecause: this.#kept.overBecause || "closed" });
    } else {
      this.#show({ problem: error.message || error.reason || error.code });
    }
  }

  // Another window wrote under this number: this message gets the next free one.
  #renumber(number) {
    const entry = this.#kept.outbox.find((other) => other.number === number);
    if (!entry) return;
    entry.number = this.#kept.nextNumber;
    this.#keep({ nextNumber: entry.number + 1 });
    if (this.#caughtUp) this.#sendEntry(entry);
  }

  // Kept until it is read back, so that it never vanishes from the page.
  #acknowledged(number) {
    const entry = this.#kept.outbox.find((other) => other.number === number);
    if (!entry) return;
    entry.acknowledged = true;
    this.#keep({});
  }

  #watched({ message, status, resync, caughtUp }) {
    if (message) this.#add(message);
    if (status) this.#setStatus(status);
    if (resync) this.#watch();
    if (caughtUp) {
      this.#caughtUp = true;
      this.#sendUnacknowledged();
    }
  }

  #add(message) {
    const number = Number(message.number);
    if (number <= this.#lastNumber) return;
    this.#lastNumber = number;
    this.messages.push(message);
    if (!isMine(message)) return;
    const clientNumber = Number(message.clientNumber);
    const entry = this.#kept.outbox.find((other) => other.number === clientNumber);
    const nextNumber = Math.max(this.#kept.nextNumber, clientNumber + 1);
    if (entry && entry.text !== textOf(message)) {
      this.#keep({ nextNumber });
      this.#renumber(clientNumber);
    } else {
      this.#keep({ nextNumber, outbox: this.#kept.outbox.filter((other) => other !== entry) });
    }
  }

  #setStatus(status) {
    this.status = status;
    const state = (status.state ?? "").replace("CONTACT_STATE_", "");
    if (!OVER.includes(state) || this.phase === "over") return;
    this.#keep({ phase: "over", overBecause: state.toLowerCase() });
  }

  // The first message was refused: the customer gets the words back.
  #giveBack(problem) {
    const text = this.startAgain();
    this.#show({ problem, returned: text });
  }

  #refused() {
    if (this.phase === "starting") {
      this.#keep({ token: "" }); // nothing was opened under the old session
      this.#open();
      return;
    }
    if (this.phase !== "over") this.#keep({ phase: "over", overBecause: "expired" });
    this.#show({ link: "closed" });
  }

  #keep(change) {
    Object.assign(this.#kept, change);
    sessionStorage.setItem(STORED_AS, JSON.stringify(this.#kept));
  }

  #show(change) {
    Object.assign(this, change);
    this.#changed();
  }
}

const isPassing = (error) => TRY_AGAIN.includes(error.code) && !FULL.includes(error.reason);
export const isMine = (message) => message.authorKind === "AUTHOR_KIND_CUSTOMER";
