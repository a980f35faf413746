// An agent's desk: offers, conversations in hand, and the frames that keep both sides equal. Knows nothing of the page.
// The token, the chosen activity and unacknowledged messages lie in sessionStorage; what the agent holds and what was
// said comes from the server on each attach.

import { Connection, expiryOf } from "/shared/connection.js";
import { RequestIds } from "/shared/request_ids.js";
import { textOf } from "/shared/elements.js";

const STORED_AS = "meridian.desk";
const STATE_AFTER = { holdContact: "HELD", resumeContact: "ASSIGNED" }; // told by the command's result alone
const RECLAIM_AFTER_MS = 2000; // of the attach: until then, held work has come back
const TRY_AGAIN = ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"];

export class Desk {
  agent = "";
  activity = "";
  coolDownUntil = null;
  link = "closed"; // "open" | "reconnecting" | "superseded" | "refused" | "closed"
  attached = false;
  offers = new Map(); // contact id → {contact, offerToken, deadline, answering}
  talks = new Map(); // conversation id → see #talk
  notice = "";

  #kept;
  #ids = new RequestIds();
  #pending = new Map(); // request id → {command, done}
  #connection;
  #changed;

  constructor(changed) {
    this.#changed = changed;
    this.#kept = { token: "", agent: "", activity: "available", written: {}, ...fromStorage(), ...fromAddress() };
    this.#keep({});
    this.agent = this.#kept.agent;
    this.#connection = new Connection({
      path: "/v1/agent",
      subprotocol: "meridian.agent.v1",
      token: () => this.#kept.token,
      onOpen: () => this.#attach(),
      onFrame: (frame) => this.#receive(frame),
      onState: (state) => this.#show({ link: state, attached: false }),
      onRefused: () => this.#show({ link: "refused" }),
    });
    if (this.#kept.token) this.#connection.start();
  }

  get hasToken() {
    return this.#kept.token !== "";
  }

  // Unix milliseconds; Infinity when that is not known.
  get tokenEndsAt() {
    return this.hasToken ? expiryOf(this.#kept.token) : Infinity;
  }

  // Goes on with another token of the same agent, given as itself or in a link. While the connection is open the server
  // judges it first; a connection that was refused is opened again with it.
  renew(text) {
    const token = new URLSearchParams(text.split("#").pop()).get("token") ?? text.trim();
    if (!token) return;
    this.notice = "";
    if (this.#connection.isOpen) {
      this.#command({ refreshToken: { token } }, (error) => {
        if (!error) this.#keep({ token });
      });
    } else {
      this.#keep({ token });
      this.link = "reconnecting";
      this.#connection.start();
    }
    this.#changed();
  }

  // After another window took over: takes the agent back.
  takeOver() {
    this.#show({ link: "reconnecting" });
    this.#connection.start();
  }

  setActivity(activity) {
    this.#keep({ activity });
    this.#command({ setActivity: { activity } }, (error) => {
      if (!error) this.activity = activity;
    });
    this.#changed();
  }

  accept(contactId) {
    this.#answer(contactId, "acceptOffer");
  }
  reject(contactId) {
    this.#answer(contactId, "rejectOffer");
  }

  // hold, resume, complete, end wrap-up, hand over; a second click before the first is answered does nothing.
  act(talk, name) {
    if (talk.acting) return;
    talk.acting = name;
    const command = { contactId: talk.contact.contactId, offerToken: talk.offerToken };
    if (name === "transferContact") command.nextStep = {};
    this.#command({ [name]: command }, (error) => {
      talk.acting = "";
      if (!error && STATE_AFTER[name]) talk.state = STATE_AFTER[name];
    });
    this.#changed();
  }

  say(talk, text) {
    if (!text || talk.ended) return;
    const written = this.#writtenIn(talk.conversationId);
    const entry = { number: written.next++, text };
    written.outbox.push(entry);
    this.#keep({});
    this.#sendEntry(talk, entry);
    this.#changed();
  }

  unsentIn(talk) {
    const seen = new Set(talk.messages.filter((m) => this.isMine(m)).map((m) => Number(m.clientNumber)));
    return this.#writtenIn(talk.conversationId).outbox.filter((entry) => !seen.has(entry.number));
  }

  isMine(message) {
    return message.author === this.agent;
  }

  // Puts an ended conversation away.
  dismiss(talk) {
    this.talks.delete(talk.conversationId);
    delete this.#kept.written[talk.conversationId];
    this.#keep({});
    this.#changed();
  }

  #answer(contactId, name) {
    const offer = this.offers.get(contactId);
    if (!offer || offer.answering) return;
    offer.answering = name;
    this.#command({ [name]: { contactId, offerToken: offer.offerToken } }, (error) => {
      this.offers.delete(contactId);
      if (error) this.notice = "That offer is no longer yours: it was taken back.";
    });
    this.#changed();
  }

  #attach() {
    const positions = Array.from(this.talks.values(), (talk) => ({
      conversationId: talk.conversationId,
      afterNumber: String(talk.lastNumber),
    }));
    this.#send({ requestId: this.#ids.next(), attach: { activity: this.#kept.activity, positions } });
  }

  // A command is sent again under its id after each attach until it is answered.
  #command(command, done = () => {}) {
    const requestId = this.#ids.next();
    this.#pending.set(requestId, { command, done });
    if (this.attached) this.#send({ requestId, ...command });
  }

  #send(frame) {
    this.#connection.send(this.agent ? { agent: this.agent, ...frame } : frame);
  }

  #sendEntry(talk, entry) {
    const { conversationId } = talk;
    const parts = [{ text: { text: entry.text } }];
    const sendMessage = { conversationId, clientNumber: String(entry.number), parts };
    const requestId = this.#ids.next();
    this.#pending.set(requestId, { done: (error) => this.#sent(talk, entry, error) }); // no command: #resend knows it
    if (this.attached) this.#send({ requestId, sendMessage });
  }

  #sent(talk, entry, error) {
    if (!error) {
      entry.acknowledged = true;
    } else if (error.reason?.startsWith("CLIENT_NUMBER")) {
      const written = this.#writtenIn(talk.conversationId);
      entry.number = written.next++;
      this.#sendEntry(talk, entry);
    } else if (TRY_AGAIN.includes(error.code) && error.reason !== "CONVERSATION_FULL") {
      setTimeout(() => this.#sendEntry(talk, entry), 500 + Math.random() * 1500);
    } else {
      const written = this.#writtenIn(talk.conversationId);
      written.outbox = written.outbox.filter((other) => other !== entry);
      this.notice = `Not delivered: “${entry.text}” (${error.message || error.reason || error.code}).`;
    }
    this.#keep({});
  }

  #receive(frame) {
    for (const [name, handle] of Object.entries(this.#handlers)) {
      if (frame[name]) handle(frame[name], frame);
    }
    this.#changed();
  }

  #handlers = {
    result: (result) => this.#answered(result),
    attached: (attached, frame) => this.#onAttached(attached, frame.agent),
    detached: ({ reason }) => this.#onDetached(reason),
    offerMade: (offer) => this.offers.set(offer.contact.contactId, { ...offer, answering: "" }),
    offerRescinded: ({ contactId, reason }) => this.#onRescinded(contactId, reason),
    assignmentStarted: (started) => this.#onStarted(started),
    assignmentChanged: (changed) => this.#onChanged(changed),
    assignmentEnded: ({ contactId, reason }) => this.#onEnded(contactId, reason),
    messageReceived: ({ conversationId, message }) => this.#onMessage(conversationId, message),
    resync: ({ conversationId }) => this.#onResync(conversationId),
    activityChanged: (changed) => this.#onActivity(changed),
  };

  #answered({ requestId, error }) {
    const pending = this.#pending.get(requestId);
    if (error?.shardTimeMs) this.#ids.correct(Number(error.shardTimeMs));
    if (pending?.command && ["REQUEST_TOO_OLD", "REQUEST_FROM_FUTURE"].includes(error?.reason)) {
      this.#pending.delete(requestId);
      this.#command(pending.command, pending.done);
      return;
    }
    if (pending?.command && TRY_AGAIN.includes(error?.code)) {
      setTimeout(() => this.attached && this.#send({ requestId, ...pending.command }), 500 + Math.random() * 1500);
      return;
    }
    this.#pending.delete(requestId);
    if (error) this.notice = error.message || error.reason || error.code;
    pending?.done(error);
    if (!pending && error && !this.attached) setTimeout(() => this.#attach(), 1000 + Math.random() * 1000);
  }

  // Work that is still ours follows as AssignmentStarted.
  #onAttached({ activity }, agent) {
    this.agent = agent || this.agent;
    this.#keep({ agent: this.agent });
    this.attached = true;
    this.activity = activity || this.activity;
    this.notice = "";
    for (const [contactId, offer] of this.offers) if (!offer.answering) this.offers.delete(contactId);
    for (const talk of this.talks.values()) talk.confirmed = talk.ended;
    this.#resend();
    setTimeout(() => this.#reclaimLost(), RECLAIM_AFTER_MS);
  }

  #resend() {
    for (const [requestId, { command }] of this.#pending) {
      if (command) this.#send({ requestId, ...command });
      else this.#pending.delete(requestId);
    }
  }

  // Work that was in hand before the connection broke and that the server does not count as ours any more.
  #reclaimLost() {
    if (!this.attached) return;
    for (const talk of this.talks.values()) {
      if (talk.confirmed || talk.ended) continue;
      const { contactId } = talk.contact;
      this.#command({ reclaim: { contactId, offerToken: talk.offerToken } }, (error) => {
        if (error && !talk.confirmed) talk.ended = "LOST";
      });
    }
  }

  #onDetached(reason) {
    this.attached = false;
    if (reason === "REASON_REQUESTED") return;
    this.#connection.stop();
    this.link = reason === "REASON_SUPERSEDED" ? "superseded" : "refused";
  }

  #onRescinded(contactId, reason) {
    if (!this.offers.delete(contactId)) return;
    if (reason === "REASON_TIMED_OUT") this.notice = "An offer ran out of time and went to somebody else.";
    if (reason === "REASON_CONTACT_ENDED") this.notice = "The customer has gone before the offer was taken.";
  }

  #onStarted({ contact, offerToken, state }) {
    this.offers.delete(contact.contactId);
    const known = this.talks.get(contact.conversationId);
    const { conversationId } = contact;
    const talk = known ?? { conversationId, messages: [], lastNumber: 0, unread: 0, acting: "" };
    const now = { contact, offerToken, state: nameOfState(state), ended: "", confirmed: true, wrapUpUntil: null };
    Object.assign(talk, now);
    this.talks.set(contact.conversationId, talk);
    for (const entry of this.#writtenIn(talk.conversationId).outbox) {
      if (!entry.acknowledged) this.#sendEntry(talk, entry);
    }
  }

  #onChanged({ contactId, state, wrapUpUntil }) {
    const talk = this.#talkOf(contactId);
    if (talk) Object.assign(talk, { state: nameOfState(state), wrapUpUntil: wrapUpUntil ?? null });
  }

  #onEnded(contactId, reason) {
    const talk = this.#talkOf(contactId);
    if (talk) talk.ended = (reason ?? "REASON_COMPLETED").replace("REASON_", "");
  }

  #onMessage(conversationId, message) {
    const talk = this.talks.get(conversationId);
    const number = Number(message.number);
    if (!talk || number <= talk.lastNumber) return;
    talk.lastNumber = number;
    talk.messages.push(message);
    if (!this.isMine(message)) {
      talk.unread++;
      return;
    }
    const written = this.#writtenIn(conversationId);
    const clientNumber = Number(message.clientNumber);
    written.next = Math.max(written.next, clientNumber + 1);
    written.outbox = written.outbox.filter((e) => e.number !== clientNumber || e.text !== textOf(message));
    this.#keep({});
  }

  #onResync(conversationId) {
    const afterNumber = String(this.talks.get(conversationId)?.lastNumber ?? 0);
    this.#command({ readConversation: { conversationId, afterNumber } });
  }

  #onActivity({ activity, coolDownUntil }) {
    this.activity = activity || this.activity;
    this.coolDownUntil = coolDownUntil ?? null;
  }

  #talkOf(contactId) {
    return Array.from(this.talks.values()).find((talk) => talk.contact.contactId === contactId);
  }

  // What this agent wrote in a conversation: the next number of its own count, and what is not acknowledged.
  #writtenIn(conversationId) {
    return (this.#kept.written[conversationId] ??= { next: 1, outbox: [] });
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

const nameOfState = (state) => (state ?? "CONTACT_STATE_ASSIGNED").replace("CONTACT_STATE_", "");

function fromStorage() {
  return JSON.parse(sessionStorage.getItem(STORED_AS) ?? "{}");
}

// #token=…&agent=… (or ?agent=…#token=…). The fragment never leaves the browser, and is cleared at once so that it
// does not stay in the history either. A link for another agent forgets what was written as the one before.
function fromAddress() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (!token) return {};
  const agent = fragment.get("agent") ?? new URLSearchParams(location.search).get("agent") ?? "";
  history.replaceState(null, "", location.pathname);
  const isSame = fromStorage().agent === agent;
  return isSame ? { token, agent } : { token, agent, activity: "available", written: {} };
}
