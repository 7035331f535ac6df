/** A clock that a test moves, and sockets that do what a test says. */

/** Time stands still until `pass` moves it. */
export class VirtualClock {
  #now = 0;
  #timers = new Map();
  #count = 0;
  waits = []; // each ms that was asked for

  now = () => this.#now;

  setTimeout = (act, ms) => {
    this.#count += 1;
    this.waits.push(ms);
    this.#timers.set(this.#count, { at: this.#now + Math.max(0, ms), act });
    return this.#count;
  };

  clearTimeout = (timer) => this.#timers.delete(timer);

  get idle() {
    return this.#timers.size === 0;
  }

  /** Let `ms` go by; timers act when they are due, and promises settle in between. */
  async pass(ms) {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = due[1].at;
      due[1].act();
      await settled();
    }
    this.#now = end;
  }
}

/** After this, every promise that could settle has. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A class of sockets like WebSocket, and `made`: its sockets in the order they were made. */
export function fakeWebSocket() {
  const made = [];
  class FakeSocket {
    readyState = 0;
    sent = [];
    closedWith = null;

    constructor(url, protocols) {
      this.url = new URL(url);
      this.protocols = protocols;
      made.push(this);
    }

    send(text) {
      if (this.readyState !== 1) throw new Error("a browser throws here");
      this.sent.push(JSON.parse(text));
    }

    close(code) {
      this.closedWith = code;
      this.readyState = 2; // a dead peer never says that it is closed
    }

    /** What the room says, as one frame. */
    say(...objects) {
      this.onmessage({ data: JSON.stringify(objects) });
    }

    /** Let the viewer in. */
    welcome(changes = {}) {
      this.readyState = 1;
      this.onopen?.({});
      this.say({ messageType: 8, userId: "alice", cursor: "e1.0", history: [], gap: false, heartbeatSeconds: 60, ...changes });
    }

    /** The gateway closes with a code of its own. */
    closed(code) {
      this.readyState = 3;
      this.onclose?.({ code });
    }

    /** The network's cut, or a refused handshake. */
    cut() {
      this.readyState = 3;
      this.onerror?.({});
      this.onclose?.({ code: 1006 });
    }

    /** Frames of one type. */
    frames(messageType) {
      return this.sent.filter((frame) => frame.messageType === messageType);
    }
  }
  FakeSocket.made = made;
  return FakeSocket;
}
