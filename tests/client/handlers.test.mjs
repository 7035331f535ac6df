/** Handlers that leave or fail in the middle, and what a server should not say: nothing is lost, nothing stops. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { settled } from "./fakes.mjs";
import { chat, cutAndRetry, inside, viewer } from "./viewer.mjs";

const since = (socket) => socket.url.searchParams.get("since");

/** A room that does what the protocol says of a cursor: what came after it, or the last of it with a gap. */
function answer(it, epoch, said) {
  const last = said.at(-1).seq;
  const [was, seq] = (since(it.last()) ?? "").split(".");
  const known = was === epoch;
  const history = known ? said.filter((object) => object.seq > Number(seq)) : said.slice(-3);
  it.last().welcome({ cursor: `${epoch}.${last}`, gap: was !== "" && !known, history });
}

for (const name of ["state", "welcome", "chat", "notice"]) {
  for (const again of ["later", "at once"]) {
    test(`a viewer who leaves in a ${name} handler and comes back ${again} gets the rest`, async () => {
      const it = await inside({}, { cursor: "e1.0" });
      await cutAndRetry(it);
      let left = false;
      it.room.on(name, (event) => {
        if (left || (name === "state" && event.name !== "open")) return;
        left = true;
        it.room.close();
        if (again === "at once") it.room.connect();
      });
      const said = [chat(1), { messageType: 10, seq: 2, name: "n" }, chat(3), { messageType: 10, seq: 4, name: "n" }, chat(5)];
      answer(it, "e1", said);
      it.room.connect();
      await settled();
      answer(it, "e1", said);

      assert.deepEqual(it.texts(), ["chat 1", "chat 3", "chat 5"]);
      assert.deepEqual(it.of("notice").map(({ seq }) => seq), [2, 4]);
      assert.equal(it.of("gap").length, 0);
    });
  }
}

test("each chat of the missed ones may be the last one before the viewer leaves", async () => {
  const said = [1, 2, 3, 4, 5, 6, 7].map((seq) => chat(seq));
  const it = await inside({}, { cursor: "e1.0" });
  await cutAndRetry(it);
  it.room.on("chat", () => it.room.close());
  for (let visits = 0; visits < said.length; visits += 1) {
    answer(it, "e1", said);
    it.room.connect();
    await settled();
  }

  assert.deepEqual(it.texts(), said.map(({ textMessage }) => textMessage));
});

test("a newcomer who leaves in the middle of the history gets the rest of it", async () => {
  const it = viewer();
  it.room.connect();
  await settled();
  it.room.on("chat", () => it.room.close());
  it.last().welcome({ cursor: "e1.9", history: [chat(7), chat(8), chat(9)] });
  it.room.connect();
  await settled();

  assert.deepEqual(it.texts(), ["chat 7"]);
  assert.equal(since(it.last()), "e1.7");
});

for (const name of ["state", "welcome", "gap"]) {
  test(`a gap that a viewer who leaves in a ${name} handler did not hear of is told later`, async () => {
    const it = await inside({}, { cursor: "e1.5" });
    await cutAndRetry(it);
    const off = it.room.on(name, (event) => (name !== "state" || event.name === "open") && it.room.close());
    answer(it, "e2", [chat(1), chat(2)]);
    off();
    it.room.connect();
    await settled();
    answer(it, "e2", [chat(1), chat(2)]);

    assert.ok(it.of("gap").length >= 1);
    assert.equal(it.seen.findLast(([name]) => ["gap", "welcome"].includes(name))[0], "gap");
    assert.deepEqual(it.texts(), ["chat 1", "chat 2"]);
  });
}

test("a viewer who leaves in the middle of a tick gets the rest of it", async () => {
  const it = await inside();
  const off = it.room.on("chat", ({ seq }) => seq === 2 && it.room.close());
  it.last().say(chat(1), chat(2), chat(3));
  off();
  it.room.connect();
  await settled();
  assert.equal(since(it.last()), "e1.2");
  answer(it, "e1", [chat(1), chat(2), chat(3)]);

  assert.deepEqual(it.texts(), ["chat 1", "chat 2", "chat 3"]);
});

test("a viewer who leaves in a sanction handler and comes back at once stays", async () => {
  const it = await inside();
  it.room.on("sanction", () => {
    it.room.close();
    it.room.connect();
  });
  it.last().say({ messageType: 11, action: "kicked", seconds: null });
  it.last().welcome();

  assert.deepEqual(it.of("state").map(({ name }) => name), ["connecting", "open", "closed", "connecting", "open"]);
});

test("every handler gets every event, whatever others throw, and every mistake is told once", async (context) => {
  const told = context.mock.method(console, "error", () => {});
  const it = viewer();
  const thrown = [new Error("of the application"), "a text", undefined, null, { toString: 1 }];
  for (const name of ["state", "welcome", "gap", "chat", "removed", "sanction", "fault", "refused", "leftOut"]) {
    for (const error of thrown) {
      it.room.on(name, () => {
        throw error;
      });
      it.room.on(name, async () => {
        throw error;
      });
    }
    it.room.on(name, (event) => it.seen.push([`last ${name}`, event]));
  }
  it.room.connect();
  await settled();
  it.last().welcome({ gap: true, history: [chat(1), chat(2)], cursor: "e1.2" });
  it.last().say(chat(3), { messageType: 9, seq: 3 }, { messageType: 11, action: "muted" }, { messageType: 13, dropped: {} });
  it.last().say({ messageType: 0, ok: false, error: "muted" });
  it.last().onmessage({ data: '{"message": "Internal server error"}' });
  await settled();

  for (const name of ["state", "welcome", "gap", "chat", "removed", "sanction", "fault", "refused", "leftOut"]) {
    assert.deepEqual(it.of(`last ${name}`), it.of(name), name);
  }
  assert.deepEqual(it.texts(), ["chat 1", "chat 2", "chat 3"]);
  const events = it.seen.filter(([name]) => name.startsWith("last ")).length;
  assert.equal(told.mock.callCount(), events * thrown.length * 2);
  await cutAndRetry(it);
  assert.equal(since(it.last()), "e1.3");
});

test("a browser is told of a mistake the way it tells of its own", async (context) => {
  const told = [];
  globalThis.reportError = (error) => told.push(error);
  context.after(() => delete globalThis.reportError);
  const it = await inside();
  it.room.on("chat", () => {
    throw new Error("of the application");
  });
  it.last().say(chat(1), chat(2));
  assert.deepEqual(told, []); // not in the middle of the frame
  await settled();

  assert.deepEqual(told.map(({ message }) => message), ["of the application", "of the application"]);
});

const ODD = [undefined, null, true, 0, -1, 1.5, 2 ** 60, 1e300, "", "x", [], {}, { toString: 1, valueOf: 1 }, [[[]]]];
const FIELDS = {
  0: ["id", "ok", "error", "message", "retryAfter", "seq"], 1: ["username", "userId", "others"], 2: ["username"],
  3: ["users", "onlineNumber", "cursor", "id"], 4: ["seq", "textMessage", "fromusername", "userId", "avatar", "time", "id", "to"],
  5: ["onlineNumber"], 6: ["zanNumber"], 9: ["seq"], 10: ["seq", "name", "data", "time"], 11: ["seconds", "reason"],
  12: ["settings"], 13: ["dropped", "seq"],
};

test("whatever a field holds, what follows is delivered", async (context) => {
  const told = context.mock.method(console, "error", () => {});
  const it = await inside();
  let seq = 0;
  for (const [type, names] of Object.entries(FIELDS)) {
    for (const name of names) {
      for (const value of ODD) {
        seq += 1;
        it.last().say({ messageType: Number(type), id: "c", userId: "u", ok: false, seq: 1e15 + seq, [name]: value }, chat(seq));
        assert.equal(it.texts().at(-1), `chat ${seq}`);
      }
    }
  }
  for (const messageType of [...ODD, 7, 14, -8, "4"]) it.last().say({ messageType }, chat((seq += 1)));
  await settled();

  assert.equal(it.texts().at(-1), `chat ${seq}`);
  assert.equal(it.sockets.length, 1);
  assert.equal(told.mock.callCount(), 0);
});

test("whatever a welcome holds, the viewer is in the room", async () => {
  for (const name of ["userId", "cursor", "history", "gap", "heartbeatSeconds", "settings", "onlineNumber", "zanNumber"]) {
    for (const value of ODD) {
      const it = await inside({}, { [name]: value });
      it.last().say(chat(1));
      await it.clock.pass(50);
      assert.deepEqual(it.texts(), ["chat 1"], `${name}: ${JSON.stringify(value)}`);
      assert.ok(it.last().sent.length <= 1);
      it.room.close();
    }
  }
  const it = await inside({}, { history: [...ODD, chat(1), { messageType: 4 }, { messageType: {} }, chat(2)], cursor: "e1.2" });
  assert.deepEqual(it.texts().filter(Boolean), ["chat 1", "chat 2"]);
});

test("however short or long the heartbeats are said to be, they come at a pace that can be kept", async () => {
  const beats = [];
  for (const heartbeatSeconds of [1e-9, 0.01, 1e9, 1e300]) {
    const it = await inside({}, { heartbeatSeconds });
    await it.clock.pass(9000);
    beats.push(it.last().frames(7).length);
    assert.ok(it.clock.waits.every((ms) => ms < 2 ** 31), "a browser takes a longer time for none at all");
  }

  assert.deepEqual(beats, [9, 9, 0, 0]);
});

test("a removal that names no number removes nothing", async () => {
  const it = await inside();
  for (const seq of ODD) it.last().say({ messageType: 9, ...(seq !== undefined && { seq }) });

  assert.deepEqual(it.of("removed").map(({ seq }) => seq), [0]);
});

test("a retry that is put off by no number comes after a second", async () => {
  for (const retryAfter of ["x", -1, 0, 1e300, {}, null]) {
    const it = await inside();
    const said = it.room.say("hello");
    const [{ id }] = it.last().frames(4);
    it.last().say({ messageType: 0, id, ok: false, error: "unavailable", retryAfter });
    const refused = assert.rejects(said, { code: "unavailable" });
    await it.clock.pass(999);
    assert.equal(it.last().frames(4).length, 1);
    await it.clock.pass(60_000);
    await refused;
    assert.ok(it.last().frames(4).length <= 7);
  }
});

test("a token that fails in an odd way is told, and asked for again", async () => {
  for (const error of [undefined, null, "x", Object.create(null), { message: { toString: 1 } }, Symbol("x")]) {
    const it = viewer({ token: () => Promise.reject(error) });
    it.room.connect();
    await settled();

    assert.equal(typeof it.of("fault")[0].message, "string");
    assert.equal(it.of("state").at(-1).name, "waiting");
  }
});
