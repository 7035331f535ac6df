/** What an application may give the client library: everything else is refused at the call, and changes nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { LiveRoom } from "../../client/live.js";
import { settled } from "./fakes.mjs";
import { inside, viewer } from "./viewer.mjs";

const ODD = [null, true, NaN, 7n, {}, [], [1], { toString: 1 }, Symbol("odd"), () => 1];

for (const count of [Infinity, -Infinity, NaN, -1, 0, 1.5, 1001, 1e9, 2 ** 53, "3", "x", new Number(3), new Event("x"), ...ODD]) {
  test(`like(${label(count)}) is a mistake, and no like`, async () => {
    const it = await inside();
    assert.throws(() => it.room.like(count), TypeError);
    await it.clock.pass(5000);

    assert.deepEqual(it.last().frames(6), []);
    assert.throws(() => viewer().room.like(count), TypeError); // without a connection, too
  });
}

test("likes that wait for their second are bounded, however often they are given", async () => {
  const it = await inside();
  for (let calls = 0; calls < 50; calls += 1) it.room.like(1000);
  await it.clock.pass(12_000);

  assert.equal(it.last().frames(6).reduce((sum, { count }) => sum + count, 0), 1000);
});

for (const text of [undefined, 7, new String("hello"), ...ODD]) {
  test(`say(${label(text)}) is a mistake, and not sent`, async () => {
    const it = await inside();
    await assert.rejects(it.room.say(text), TypeError);

    assert.deepEqual(it.last().sent, []);
  });
}

for (const extra of [7, "x", true, [], [1], new Date(0), { a: 7n }, () => 1, Symbol("odd")]) {
  test(`say with the extra ${label(extra)} is a mistake, and not sent`, async () => {
    const it = await inside();
    await assert.rejects(it.room.say("hi", { extra }), TypeError);

    assert.deepEqual(it.last().sent, []);
  });
}

for (const attributes of [7, "x", [], { level: 1 }, { a: null }, () => 1]) {
  test(`the attributes ${label(attributes)} are a mistake`, () => {
    assert.throws(() => viewer({ attributes }), TypeError);
  });
}

test("attributes are said in the address", async () => {
  const it = viewer({ attributes: { role: "host & co" } });
  it.room.connect();
  await settled();

  assert.equal(it.last().url.searchParams.get("attributes"), '{"role":"host & co"}');
});

for (const options of [
  "bob", 7, true, null, ["bob"], ...["", 7, "b".repeat(65), ...ODD.slice(1)].map((to) => ({ to })),
]) {
  test(`say("hello", ${label(options)}) is said to nobody, least of all to everybody`, async () => {
    const it = await inside();
    await assert.rejects(it.room.say("hello", options), TypeError);

    assert.deepEqual(it.last().sent, []);
  });
}

for (const options of [
  "bob", null, ...[0, -1, 1.5, 201, Infinity, "5", ...ODD.slice(1)].map((limit) => ({ limit })),
  ...[7, "c".repeat(513), ...ODD.slice(1)].map((cursor) => ({ cursor })),
]) {
  test(`who(${label(options)}) is a mistake, and not asked`, async () => {
    const it = await inside();
    await assert.rejects(it.room.who(options), TypeError);

    assert.deepEqual(it.last().sent, []);
  });
}

test("what is left out may be null or undefined", async () => {
  const it = await inside();
  for (const nothing of [undefined, null]) {
    it.room.say("hello", { to: nothing }).catch(() => {});
    it.room.who({ limit: nothing, cursor: nothing }).catch(() => {});
  }
  it.room.like(undefined);
  await it.clock.pass(1000);

  const plain = it.last().sent.map(({ id, ...frame }) => frame);
  assert.deepEqual(plain, [
    { messageType: 4, message: "hello" }, { messageType: 3 }, { messageType: 4, message: "hello" }, { messageType: 3 },
    { messageType: 6, count: 1 },
  ]);
});

for (const [name, handler] of [["chat", undefined], ["chat", null], ["chat", "x"], ["chat", {}], ["chats", () => {}],
  [undefined, () => {}], ["constructor", () => {}], [{ toString: 1 }, () => {}]]) {
  test(`on(${label(name)}, ${label(handler)}) is a mistake`, () => {
    assert.throws(() => viewer().room.on(name, handler), TypeError);
  });
}

test("what is no user and no room is told before there is a connection", async () => {
  const wrong = {
    url: [undefined, null, 7, {}, "", "no address", "ftp://rooms.example/", "javascript:1"],
    activityId: [0, -1, 1.5, 2 ** 53, Infinity, "x", "042", " 42", "9007199254740992", ...ODD.slice(1)],
    username: [7, ...ODD.slice(1)],
    userId: [7, ...ODD.slice(1)],
    avatar: [7, ...ODD.slice(1)],
    token: ["a b", "a,b", "\u0000", "é", 7, ...ODD.slice(1, -1)],
    WebSocket: [null, 7, {}],
    clock: [7, {}, { now: () => 1 }],
    random: [7, {}],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      assert.throws(() => viewer({ [name]: value }), TypeError, `${name}: ${label(value)}`);
    }
  }
  const url = "wss://rooms.example/?activityId=x";
  assert.throws(() => viewer({ url, activityId: undefined }), TypeError);
  for (const options of [undefined, null, "wss://rooms.example/websocket", 7]) assert.throws(() => new LiveRoom(options), TypeError);
});

test("whoever has options that can be meant comes in", async () => {
  for (const options of [
    { activityId: "42" }, { activityId: 2 ** 53 - 1 }, { activityId: "" , url: "wss://r.example/?activityId=7" },
    { username: "😀".repeat(32) }, { username: ` ${"e\u0301".repeat(32)} ` }, { username: "", userId: "", avatar: "" },
    { userId: "u".repeat(64), avatar: "a".repeat(512) }, { token: "" }, { token: "a.b-c_d" }, { token: null },
    { url: new URL("https://rooms.example/websocket") }, { activityId: null, username: null, userId: null, avatar: null },
  ]) {
    const it = viewer(options);
    it.room.connect();
    await settled();
    assert.equal(it.sockets.length, 1, label(options));
  }
});

function label(value) {
  try {
    return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value === "symbol" ? "a symbol" : typeof value;
  }
}
