// UUIDv7: 48 bits of Unix milliseconds, then random bits. Meridian refuses ids whose time is more than 5 minutes old or
// a minute ahead and says its own time with the refusal: give that to `correct` and send the command under a new id.

export class RequestIds {
  #offsetMs = 0;

  correct(serverTimeMs) {
    this.#offsetMs = serverTimeMs - Date.now();
  }

  next() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    let time = Date.now() + this.#offsetMs;
    for (let i = 5; i >= 0; i--) {
      bytes[i] = time % 256;
      time = Math.floor(time / 256);
    }
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }
}
