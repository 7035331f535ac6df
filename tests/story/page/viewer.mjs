// A viewer under Node.js, as a program: its arguments are LiveRoom's options as JSON, what a line of its input tells is
// called ([method, ...arguments]), and each event, answer and frame is a line of its output ([name, value]).

import { createInterface } from "node:readline";

import { LiveRoom } from "../../../client/live.js";

const write = (name, value) => console.log(JSON.stringify([name, value]));

globalThis.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => write("frame received", JSON.parse(data)));
  }

  send(frame) {
    write("frame sent", JSON.parse(frame));
    super.send(frame);
  }
};

/** A clock that a line ["pass", ms] puts forward. */
class Clock {
  #ahead = 0;
  #timers = new Set();

  now = () => performance.now() + this.#ahead;

  setTimeout = (act, ms) => {
    const timer = { at: this.now() + ms, act };
    this.#timers.add(timer);
    this.#start(timer);
    return timer;
  };

  clearTimeout = (timer) => {
    clearTimeout(timer?.running);
    this.#timers.delete(timer);
  };

  pass(ms) {
    this.#ahead += ms;
    for (const timer of this.#timers) this.#start(timer);
  }

  #start(timer) {
    clearTimeout(timer.running);
    timer.running = setTimeout(() => {
      this.#timers.delete(timer);
      timer.act();
    }, Math.max(0, timer.at - this.now()));
  }
}

const clock = new Clock();
const room = new LiveRoom({ ...JSON.parse(process.argv[2]), clock });

for (const name of ["state", "welcome", "gap", "chat", "likes", "sanction", "refused", "fault"]) {
  room.on(name, (event) => write(name, event));
}
room.connect();

for await (const line of createInterface({ input: process.stdin })) {
  const [method, ...given] = JSON.parse(line);
  if (method === "pass") clock.pass(...given);
  else Promise.resolve(room[method](...given)).then(
    (answer) => answer && write("answer", answer),
    (refused) => write("answer", { code: refused.code }),
  );
}
room.close(); // the end of the input
