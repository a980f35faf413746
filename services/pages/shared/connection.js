// One WebSocket that is opened again whenever it breaks. Frames are JSON, one message each. What a break may have lost
// is for the owner to send again: `onOpen` is called each time.

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 8000;
const HEARTBEAT_MS = 20000;
const STEADY_MS = 5000; // a connection that lasted so long starts the delays anew
const SILENCE_MS = 50000; // more than two heartbeats without an answer: the connection is dead
const REFUSALS_BEFORE_GIVING_UP = 4;
const CLOSED_FOR_POLICY = 1008;

export class Connection {
  #options;
  #socket = null;
  #wanted = false;
  #attempt = 0;
  #refusals = 0;
  #timer = 0;
  #heartbeat = 0;
  #lastFrameAt = 0;
  #openedAt = 0;

  // options: path, subprotocol, token() → string, onOpen(), onFrame(object), onState("open" | "reconnecting"),
  // onRefused(): the token is not taken any more; nothing is tried again until start().
  constructor(options) {
    this.#options = options;
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#hurry());
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  start() {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#attempt = 0;
    this.#refusals = 0;
    this.#connect();
  }

  stop() {
    this.#wanted = false;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#forget();
    socket?.close(1000);
  }

  // False when there is no connection: the frame is not kept.
  send(frame) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #connect() {
    const address = new URL(this.#options.path, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address, [this.#options.subprotocol, "bearer." + this.#options.token()]);
    this.#socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.#refusals = 0;
      this.#openedAt = this.#lastFrameAt = Date.now();
      this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
      this.#options.onState("open");
      this.#options.onOpen();
    };
    socket.onmessage = ({ data }) => {
      this.#lastFrameAt = Date.now();
      if (socket === this.#socket) this.#options.onFrame(JSON.parse(data));
    };
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.#socket) return;
      this.#forget();
      this.#closed(opened, code, reason);
    };
  }

  #forget() {
    clearInterval(this.#heartbeat);
    this.#socket = null;
  }

  async #closed(opened, code, reason) {
    if (!this.#wanted) return;
    if (opened && Date.now() - this.#openedAt > STEADY_MS) this.#attempt = 0;
    this.#options.onState("reconnecting");
    const saidSo = opened && code === CLOSED_FOR_POLICY && reason.includes("TOKEN");
    if (saidSo || (!opened && (await this.#isRefused()))) {
      this.#wanted = false;
      this.#options.onRefused();
      return;
    }
    if (this.#wanted && !this.#socket) this.#tryLater();
  }

  // A browser is not told why an upgrade failed. A server that hands out pages but refuses the socket again and again,
  // or once after the token's time, refuses the token.
  async #isRefused() {
    try {
      const page = await fetch("/shared/connection.js", { cache: "no-store" });
      if (!page.ok) return false;
    } catch {
      return false;
    }
    this.#refusals++;
    return this.#refusals >= REFUSALS_BEFORE_GIVING_UP || expiryOf(this.#options.token()) < Date.now();
  }

  #tryLater() {
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#attempt++);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), longest / 2 + Math.random() * (longest / 2));
  }

  #hurry() {
    if (!this.#wanted || this.#socket) return;
    clearTimeout(this.#timer);
    this.#attempt = 0;
    this.#connect();
  }

  #beat() {
    if (Date.now() - this.#lastFrameAt > SILENCE_MS) {
      const socket = this.#socket;
      this.#forget();
      socket.close();
      this.#closed(true, 1006, "");
      return;
    }
    this.send({ heartbeat: {} });
  }
}

// Unix milliseconds; Infinity when the token does not say. Read only to explain it to people, never to trust it.
export function expiryOf(token) {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(payload)).exp * 1000 || Infinity;
  } catch {
    return Infinity;
  }
}
