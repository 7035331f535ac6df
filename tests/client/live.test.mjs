/** The client library on a virtual clock, against sockets that do what a test says. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused } from "../../client/live.js";
import { settled } from "./fakes.mjs";
import { chat, cutAndRetry, inside, viewer } from "./viewer.mjs";

const MINUTE = 60_000;

test("a viewer asks for live.v1 and says who it is", async () => {
  const it = viewer({ userId: "u1", avatar: "https://a.example/b?c=d&e" });
  it.room.connect();
  await settled();

  const [socket] = it.sockets;
  assert.equal(socket.url.origin + socket.url.pathname, "wss://rooms.example/websocket");
  assert.deepEqual(Object.fromEntries(socket.url.searchParams), {
    activityId: "42", username: "alice", userId: "u1", avatar: "https://a.example/b?c=d&e",
  });
  assert.deepEqual(socket.protocols, ["live.v1"]);
});

test("an address that holds everything is left as it is", async () => {
  const it = viewer({ url: "https://rooms.example/websocket?activityId=7&token=t#x", activityId: undefined, username: undefined });
  it.room.connect();
  await settled();

  assert.equal(it.last().url.href, "wss://rooms.example/websocket?activityId=7&token=t");
});

test("what cannot be an address is known at once", () => {
  assert.throws(() => viewer({ url: "no address" }), TypeError);
});

test("without a WebSocket one has to be given", () => {
  assert.throws(() => viewer({ WebSocket: null }), /options\.WebSocket/);
});

test("each connection takes a fresh token, offered as a subprotocol and never in the address", async () => {
  let count = 0;
  const it = await inside({ token: async () => `t${(count += 1)}` });
  await cutAndRetry(it);

  assert.deepEqual(it.sockets.map(({ protocols }) => protocols), [["live.v1", "bearer.t1"], ["live.v1", "bearer.t2"]]);
  assert.ok(it.sockets.every(({ url }) => !url.search.includes("t1")));
});

test("a token that cannot be had is told, and asked for again", async () => {
  let broken = true;
  const it = viewer({ token: () => (broken ? Promise.reject(new Error("no token today")) : "t") });
  it.room.connect();
  await settled();
  assert.deepEqual(it.of("fault"), [{ message: "no token today" }]);
  assert.deepEqual(it.of("state").at(-1), { name: "waiting", delayMs: 250, lost: false, reason: "token_unavailable" });
  broken = false;
  await it.clock.pass(250);

  assert.equal(it.sockets.length, 1);
});

test("a token that comes after the viewer has left opens nothing", async () => {
  let give;
  const it = viewer({ token: () => new Promise((resolve) => (give = resolve)) });
  it.room.connect();
  it.room.close();
  give("late");
  await settled();

  assert.equal(it.sockets.length, 0);
});

test("a token that took too long is not used beside the next one", async () => {
  const gives = [];
  const it = viewer({ token: () => new Promise((resolve) => gives.push(resolve)) });
  it.room.connect();
  await it.clock.pass(30_000);
  gives[0]("late");
  await it.clock.pass(250);
  gives[1]("fresh");
  await settled();

  assert.deepEqual(it.sockets.map(({ protocols }) => protocols[1]), ["bearer.fresh"]);
});

test("waits before another try double up to 30 s and are spread over the whole range", async () => {
  for (const random of [0, 0.25, 0.999]) {
    const it = viewer();
    it.random = random;
    it.room.connect();
    const ranges = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
    for (const range of ranges) {
      await settled();
      it.last().cut();
      assert.deepEqual(it.of("state").at(-1), { name: "waiting", delayMs: random * range, lost: false });
      await it.clock.pass(random * range);
    }
    assert.equal(it.sockets.length, ranges.length + 1);
  }
});

test("a connection that held counts as a success, one that was cut at once does not", async () => {
  const it = await inside();
  for (const delayMs of [250, 500, 1000]) {
    it.last().cut();
    assert.deepEqual(it.of("state").at(-1), { name: "waiting", delayMs, lost: true });
    await it.clock.pass(delayMs);
    it.last().welcome();
  }
  await it.clock.pass(10_000);
  it.last().cut();

  assert.equal(it.of("state").at(-1).delayMs, 250);
});

test("a connection that is never welcomed is given up after 30 s", async () => {
  const it = viewer();
  it.room.connect();
  await it.clock.pass(29_999);
  assert.equal(it.last().closedWith, null);
  await it.clock.pass(1);

  assert.equal(it.last().closedWith, 1000);
  assert.equal(it.of("state").at(-1).name, "waiting");
});

test("the states follow one another", async () => {
  const it = await inside();
  await cutAndRetry(it);
  it.last().welcome();
  it.room.close();

  assert.deepEqual(it.of("state").map(({ name }) => name), ["connecting", "open", "waiting", "connecting", "open", "closed"]);
  assert.equal(it.of("state").at(-1).reason, "closed");
  assert.ok(it.clock.idle);
});

test("a viewer who comes back says up to where it has heard", async () => {
  const it = await inside({}, { cursor: "e1.7" });
  await cutAndRetry(it);
  assert.equal(it.last().url.searchParams.get("since"), "e1.7");
  it.last().welcome({ cursor: "e1.8", history: [chat(9)] });
  it.last().say(chat(12), chat(11));
  await cutAndRetry(it);

  assert.equal(it.sockets[0].url.searchParams.get("since"), null);
  assert.equal(it.last().url.searchParams.get("since"), "e1.12");
});

test("the seq of a reply or of a removal is not taken for what was heard", async () => {
  const it = await inside();
  const said = it.room.say("hi");
  const [{ id }] = it.last().frames(4);
  it.last().say({ messageType: 0, id, ok: true, seq: 50 }, { messageType: 9, seq: 60 });
  assert.deepEqual(await said, { seq: 50, id });
  await cutAndRetry(it);

  assert.equal(it.last().url.searchParams.get("since"), "e1.0");
});

test("a chat that comes twice, in the history or again in a tick, is delivered once", async () => {
  const it = await inside({}, { history: [chat(1), chat(2)] });
  it.last().say(chat(2), chat(3), chat(3), { messageType: 10, seq: 4, name: "a" }, { messageType: 10, seq: 4, name: "a" });
  await cutAndRetry(it);
  it.last().welcome({ cursor: "e1.3", history: [chat(3), { messageType: 10, seq: 4, name: "a" }, chat(5)] });
  it.last().say(chat(5), chat(6));

  assert.deepEqual(it.of("chat").map(({ seq, replayed }) => [seq, replayed]), [
    [1, true], [2, true], [3, false], [5, true], [6, false],
  ]);
  assert.deepEqual(it.of("notice").map(({ seq }) => seq), [4]);
  assert.deepEqual(it.of("welcome").map(({ resumed }) => resumed), [false, true]);
});

test("of a million numbers a thousand are remembered", async () => {
  const it = await inside();
  for (let seq = 1; seq <= 3000; seq += 1) it.last().say(chat(seq));
  it.last().say(chat(2001), chat(3000));
  assert.equal(it.of("chat").length, 3000);
  it.last().say(chat(1)); // long forgotten, which is what bounds the memory

  assert.equal(it.of("chat").length, 3001);
});

test("a chat that comes under another number is delivered once, in another epoch too", async () => {
  const said = (seq, id, time, userId = "bob") => ({ ...chat(seq, `${userId} ${id} ${seq}`), id, time, userId });
  const it = await inside({}, { cursor: "e1.0" });
  it.last().say(said(1, "c1", 1000), said(2, "c1", 301_000), said(3, "c1", 1000, "carol"), said(4, "c2", 1000));
  await cutAndRetry(it);
  it.last().welcome({ cursor: "e2.9", history: [said(5, "c1", 2000), said(6, "c3", 2000)] });
  it.last().say(said(7, "c1", 301_001));
  assert.deepEqual(it.texts(), ["bob c1 1", "carol c1 3", "bob c2 4", "bob c3 6", "bob c1 7"]);
});

test("another epoch numbers anew", async () => {
  const it = await inside({}, { cursor: "e1.500" });
  it.last().say(chat(501, "old"));
  await cutAndRetry(it);
  it.last().welcome({ cursor: "e2.0", gap: true, history: [chat(501, "new")] });
  assert.deepEqual(it.texts(), ["old", "new"]);
  await cutAndRetry(it);

  assert.equal(it.last().url.searchParams.get("since"), "e2.501");
});

test("a gap is told before the history that follows it", async () => {
  const it = await inside({}, { gap: true, history: [chat(9)] });

  assert.deepEqual(it.seen.map(([name]) => name), ["state", "state", "welcome", "gap", "chat"]);
  assert.equal((await inside()).of("gap").length, 0);
});

test("a second welcome on the same connection is the room's present state and nothing else", async () => {
  const it = await inside();
  it.last().welcome({ onlineNumber: 3, history: [chat(1)] });

  assert.deepEqual(it.of("welcome").map(({ onlineNumber }) => onlineNumber), [undefined, 3]);
  assert.deepEqual(it.of("state").map(({ name }) => name), ["connecting", "open"]);
  assert.equal(it.sockets.length, 1);
});

test("a welcome that brings what was lost on the way shows nothing twice", async () => {
  const it = await inside({}, { cursor: "e1.0" });
  it.last().say(chat(1), chat(2));
  it.last().welcome({ cursor: "e1.4", gap: true, zanNumber: 7, history: [chat(2), chat(3), chat(4)] });
  it.last().say(chat(4), chat(5));
  await cutAndRetry(it);

  assert.deepEqual(it.texts(), ["chat 1", "chat 2", "chat 3", "chat 4", "chat 5"]);
  assert.deepEqual([it.of("gap").length, it.of("welcome").at(-1).zanNumber], [1, 7]);
  assert.equal(it.last().url.searchParams.get("since"), "e1.5");
});

test("however often a welcome comes, the heartbeats keep their pace", async () => {
  const it = await inside({}, { heartbeatSeconds: 8 });
  for (let seconds = 0; seconds < 16; seconds += 1) {
    await it.clock.pass(1000);
    it.last().welcome({ heartbeatSeconds: 8 });
  }

  assert.equal(it.last().frames(7).length, 2);
});

test("that an object was too large is told once, in a tick or in the history", async () => {
  const tooLarge = { messageType: 13, seq: 3, dropped: { notice: 1 } };
  const it = await inside({}, { cursor: "e1.2" });
  it.last().say(tooLarge, { messageType: 13, dropped: { join: 1 } }, { messageType: 13, dropped: { join: 1 } });
  it.last().welcome({ cursor: "e1.4", history: [tooLarge, { ...tooLarge, seq: 4 }] });

  assert.deepEqual(it.of("leftOut").map(({ seq, replayed }) => [seq, replayed]), [
    [3, false], [undefined, false], [undefined, false], [4, true],
  ]);
});

test("all that a user has said is removed, also what the room's history no longer names", async () => {
  const it = await inside();
  const said = (seq, userId) => ({ ...chat(seq), userId });
  const removal = { messageType: 9, userId: "bob", seqs: [3, 9] };
  it.last().say(said(1, "bob"), said(2, "carol"), said(3, "bob"), { messageType: 9, seq: 1 }, said(4, "bob"));
  it.last().say(removal, removal, said(9, "bob"), said(10, "bob"));

  assert.deepEqual(it.of("removed").map(({ seq, userId }) => [seq, userId]), [
    [1, undefined], [3, "bob"], [9, "bob"], [4, "bob"],
  ]);
  assert.deepEqual(it.texts(), ["chat 1", "chat 2", "chat 3", "chat 4", "chat 10"]);
});

test("a removal of another system, whose fields are odd, removes nothing", async () => {
  const it = await inside();
  it.last().say(chat(1));
  for (const odd of [{ userId: 5, seqs: [1] }, { userId: "x", seqs: "1" }, { userId: "x", seqs: ["1", -1, null] }, {}]) {
    it.last().say({ messageType: 9, ...odd });
  }
  assert.deepEqual(it.of("removed"), []);
});

test("a removal is told once, and what it removes is not shown afterwards", async () => {
  const it = await inside();
  it.last().say(chat(1), { messageType: 9, seq: 1 }, { messageType: 9, seq: 1 }, { messageType: 9, seq: 2 }, chat(2));

  assert.deepEqual(it.of("removed").map(({ seq }) => seq), [1, 2]);
  assert.deepEqual(it.texts(), ["chat 1"]);
});

test("each object goes to the event of its name, and unknown ones nowhere", async () => {
  const it = await inside();
  it.seen.length = 0;
  it.last().say(
    { messageType: 1, username: "bob" }, { messageType: 2, username: "bob" }, { messageType: 5, onlineNumber: 2 },
    { messageType: 6, zanNumber: 3 }, { messageType: 11, action: "muted" }, { messageType: 12, settings: {} },
    { messageType: 13, dropped: {} }, { messageType: 99 }, { messageType: "4" },
  );
  for (const data of ["", "{", "null", "7", '[null, 1, "x", []]', '{"messageType": 4}']) it.last().onmessage({ data });
  it.last().onmessage({ data: '{"message": "Internal server error"}' });

  assert.deepEqual(it.seen.map(([name]) => name), [
    "joined", "left", "online", "likes", "sanction", "settings", "leftOut", "chat", "fault",
  ]);
});

test("a handler is called until it is taken away", async () => {
  const it = await inside();
  const heard = [];
  const off = it.room.on("chat", ({ seq }) => heard.push(seq));
  it.last().say(chat(1));
  off();
  it.last().say(chat(2));

  assert.deepEqual(heard, [1]);
});

test("a handler may leave in the middle of a frame, and hears no more", async () => {
  const it = await inside();
  it.room.on("chat", () => it.room.close());
  it.last().say(chat(1), chat(2), { messageType: 8, cursor: "e1.2" });

  assert.deepEqual(it.texts(), ["chat 1"]);
  assert.equal(it.of("welcome").length, 1);
  assert.ok(it.clock.idle);
});

test("a handler may leave in the middle of the history, and hears no more", async () => {
  const it = viewer();
  it.room.on("chat", () => it.room.close());
  it.room.connect();
  await settled();
  it.last().welcome({ history: [chat(1), chat(2)] });

  assert.deepEqual(it.texts(), ["chat 1"]);
  assert.ok(it.clock.idle);
});

// ---- heartbeats

test("heartbeats keep the pace of the welcome, the first at a moment of its own", async () => {
  const it = viewer();
  it.random = 0.25;
  it.room.connect();
  await settled();
  it.last().welcome({ heartbeatSeconds: 8 });
  await it.clock.pass(1999);
  assert.equal(it.last().frames(7).length, 0);
  await it.clock.pass(1);
  assert.equal(it.last().frames(7).length, 1);
  it.last().say({ messageType: 5, onlineNumber: 1 });
  await it.clock.pass(8000);

  assert.deepEqual(it.last().frames(7), [{ messageType: 7 }, { messageType: 7 }]);
});

test("in a quiet room a heartbeat asks for an answer, under a new id each time", async () => {
  const it = await inside();
  for (let beat = 1; beat <= 3; beat += 1) {
    await it.clock.pass(beat === 1 ? 30_000 : 60_000);
    const { id } = it.last().frames(7).at(-1);
    it.last().say({ messageType: 0, id, ok: true });
  }
  const ids = it.last().frames(7).map(({ id }) => id);

  assert.equal(new Set(ids.filter(Boolean)).size, 3);
  assert.equal(it.sockets.length, 1);
  assert.equal(it.of("refused").length, 0);
});

test("a connection that does not answer is dropped for another without waiting for its close", async () => {
  const it = await inside();
  await it.clock.pass(30_000 + 9_999);
  assert.equal(it.of("state").at(-1).name, "open");
  await it.clock.pass(1);

  assert.equal(it.sockets[0].closedWith, 1000);
  assert.deepEqual(it.of("state").at(-1), { name: "waiting", delayMs: 250, lost: true });
});

test("any frame is a sign of life", async () => {
  const it = await inside();
  await it.clock.pass(30_000);
  it.last().say(chat(1));
  await it.clock.pass(20_000);

  assert.equal(it.of("state").at(-1).name, "open");
});

test("a refused heartbeat that asked for an answer is an answer, and nobody's business", async () => {
  const it = await inside();
  await it.clock.pass(30_000);
  it.last().say({ messageType: 0, id: it.last().frames(7)[0].id, ok: false, error: "rate_limited", retryAfter: 1 });
  await it.clock.pass(20_000);

  assert.equal(it.of("refused").length, 0);
  assert.equal(it.of("state").at(-1).name, "open");
});

// ---- likes

test("taps are added up and sent at most once a second, at most 100 at once", async () => {
  const it = await inside();
  it.room.like();
  it.room.like(249);
  await it.clock.pass(999);
  assert.deepEqual(it.last().frames(6), []);
  await it.clock.pass(1);
  assert.deepEqual(it.last().frames(6), [{ messageType: 6, count: 100 }]);
  await it.clock.pass(2000);
  assert.deepEqual(it.last().frames(6).map(({ count }) => count), [100, 100, 50]);
  it.room.like();
  await it.clock.pass(5000);

  assert.deepEqual(it.last().frames(6).map(({ count }) => count), [100, 100, 50, 1]);
});

test("taps of a moment without a connection are sent by the next one", async () => {
  const it = await inside();
  it.last().cut();
  it.room.like(3);
  await it.clock.pass(29_000);
  it.last().welcome();
  await it.clock.pass(1000);

  assert.deepEqual(it.sockets.flatMap((socket) => socket.frames(6)), [{ messageType: 6, count: 3 }]);
});

test("a refused like is told as an event", async () => {
  const it = await inside();
  it.last().say({ messageType: 0, ok: false, error: "rate_limited", message: "too many frames", retryAfter: 2 });

  const [refused] = it.of("refused");
  assert.ok(refused instanceof Refused);
  assert.deepEqual([refused.code, refused.message, refused.retryAfter], ["rate_limited", "too many frames", 2]);
});

// ---- what is answered

test("what is said is answered with its seq", async () => {
  const it = await inside();
  const [all, one] = [it.room.say("hello"), it.room.say("psst", { to: "bob" })];
  const [first, second] = it.last().frames(4);
  it.last().say({ messageType: 0, id: second.id, ok: true, seq: 6 }, { messageType: 0, id: first.id, ok: true, seq: 5 });

  assert.deepEqual(first, { messageType: 4, id: first.id, message: "hello" });
  assert.deepEqual(second, { messageType: 4, id: second.id, message: "psst", to: "bob" });
  assert.ok(first.id.length <= 64);
  assert.deepEqual([(await all).seq, (await one).seq], [5, 6]);
  assert.equal(it.of("refused").length, 0);
});

test("what is refused is rejected with the reason, and not sent again", async () => {
  const it = await inside();
  const said = it.room.say("hello");
  const [{ id }] = it.last().frames(4);
  it.last().say({ messageType: 0, id, ok: false, error: "rate_limited", message: "slow down", retryAfter: 2 });

  await assert.rejects(said, { name: "Refused", code: "rate_limited", message: "slow down", retryAfter: 2 });
  await it.clock.pass(25_000);
  assert.equal(it.last().frames(4).length, 1);
});

test("what was not answered before a cut is sent again under the same id", async () => {
  const it = await inside();
  const said = it.room.say("hello");
  const [first] = it.last().frames(4);
  it.last().cut();
  await it.clock.pass(250);
  it.last().welcome();
  const [again] = it.last().frames(4);
  it.last().say({ messageType: 0, id: again.id, ok: true, seq: 5 });

  assert.deepEqual(again, first);
  assert.equal((await said).seq, 5);
});

test("what is said while there is no connection waits for one", async () => {
  const it = viewer();
  it.room.connect();
  const said = it.room.say("early");
  await settled();
  it.last().welcome();
  const [{ id, message }] = it.last().frames(4);
  it.last().say({ messageType: 0, id, ok: true, seq: 1 });

  assert.equal(message, "early");
  assert.equal((await said).seq, 1);
});

test("an unanswered frame is repeated every 10 s and lost after a minute", async () => {
  const it = await inside();
  const said = it.room.say("hello");
  const lost = assert.rejects(said, { code: "lost" });
  for (let second = 0; second < 60; second += 1) {
    assert.equal(it.last().frames(4).length, 1 + Math.floor(second / 10));
    it.last().say({ messageType: 5, onlineNumber: 1 }); // the connection is alive
    await it.clock.pass(1000);
  }
  await lost;
  await it.clock.pass(9_000);

  assert.equal(it.last().frames(4).length, 6);
  assert.equal(new Set(it.last().frames(4).map(({ id }) => id)).size, 1);
});

test("a frame that the room could not take just now is repeated under its id", async () => {
  const it = await inside();
  const said = it.room.say("hello");
  const [{ id }] = it.last().frames(4);
  it.last().say({ messageType: 0, id, ok: false, error: "unavailable", retryAfter: 2 });
  await it.clock.pass(1999);
  assert.equal(it.last().frames(4).length, 1);
  await it.clock.pass(1);
  assert.deepEqual(it.last().frames(4).map((frame) => frame.id), [id, id]);
  it.last().say({ messageType: 0, id, ok: true, seq: 9 });

  assert.equal((await said).seq, 9);
});

test("a frame that the room could not take for a minute is rejected with that", async () => {
  const it = await inside();
  const refused = assert.rejects(it.room.say("hello"), { code: "unavailable" });
  for (let second = 0; second < 60; second += 1) {
    const { id } = it.last().frames(4).at(-1);
    it.last().say({ messageType: 0, id, ok: false, error: "unavailable", retryAfter: 1 });
    await it.clock.pass(1000);
  }

  await refused;
});

test("who is here is answered with a page", async () => {
  const it = await inside();
  const asked = it.room.who({ limit: 2, cursor: "abc" });
  const [frame] = it.last().frames(3);
  const users = [{ userId: "alice", username: "alice" }];
  it.last().say({ messageType: 0, id: frame.id, ok: true }, { messageType: 3, users, onlineNumber: 3, cursor: "def", id: frame.id });

  assert.deepEqual(frame, { messageType: 3, id: frame.id, limit: 2, cursor: "abc" });
  assert.deepEqual(await asked, { users, onlineNumber: 3, cursor: "def" });
});

test("who is not connected cannot say anything", async () => {
  const it = viewer();
  await assert.rejects(it.room.say("hello"), { code: "closed" });
  it.room.connect();
  const said = assert.rejects(it.room.say("hello"), { code: "closed" });
  it.room.close();

  await said;
});

// ---- the end

for (const action of ["kicked", "banned"]) {
  test(`a viewer who was ${action} stays away`, async () => {
    const it = await inside();
    it.last().say({ messageType: 11, action, seconds: 0 }, chat(1));
    await it.clock.pass(3 * 60 * MINUTE);

    assert.deepEqual(it.of("state").at(-1), { name: "closed", reason: action });
    assert.equal(it.of("sanction").length, 1);
    assert.deepEqual(it.texts(), []);
    assert.equal(it.sockets.length, 1);
    assert.equal(it.last().closedWith, 1000);
  });
}

for (const [action, reason] of [["kicked", "replaced"], ["banned", "flooding"]]) {
  test(`a viewer who was cut off for ${reason} is told so, stays away and may come again`, async () => {
    const it = await inside();
    it.last().say({ messageType: 11, action, seconds: null, reason });
    await it.clock.pass(3 * 60 * MINUTE);

    assert.deepEqual(it.of("state").at(-1), { name: "closed", reason });
    assert.deepEqual(it.of("sanction").map(({ reason }) => reason), [reason]);
    assert.equal(it.sockets.length, 1);
    it.room.connect();
    await settled();
    assert.equal(it.sockets.length, 2);
  });
}

for (const [action, reason] of [["banned", "no links, please"], ["kicked", "flooding"], ["banned", "replaced"]]) {
  test(`a viewer who was ${action} for "${reason}" is told why, and the state says ${action}`, async () => {
    const it = await inside();
    it.last().say({ messageType: 11, action, seconds: 60, reason });

    assert.deepEqual(it.of("state").at(-1), { name: "closed", reason: action, retryAfter: 60, text: reason });
    assert.deepEqual(it.of("sanction").map(({ reason }) => reason), [reason]);
  });
}

test("a viewer who left may come again, from where it was", async () => {
  const it = await inside({}, { cursor: "e1.3" });
  it.room.close();
  it.room.close();
  it.room.connect();
  await settled();

  assert.equal(it.of("state").filter(({ name }) => name === "closed").length, 1);
  assert.equal(it.last().url.searchParams.get("since"), "e1.3");
});

// ---- rotation

for (const [random, minutes] of [[0, 95], [1, 115]]) {
  test(`a connection is replaced after ${minutes} minutes at the ${random ? "latest" : "earliest"}`, async () => {
    const it = viewer();
    it.random = random;
    it.room.connect();
    await settled();
    it.last().welcome({ heartbeatSeconds: 1e6 });
    await it.clock.pass(minutes * MINUTE - 1);
    assert.equal(it.sockets.length, 1);
    await it.clock.pass(1);

    assert.equal(it.sockets.length, 2);
  });
}

/** A viewer whose second connection is being made beside the first. */
async function rotating() {
  const it = await inside({}, { cursor: "e1.0", heartbeatSeconds: 1e6 });
  it.sockets[0].say(chat(1));
  await it.clock.pass(105 * MINUTE);
  assert.equal(it.sockets.length, 2);
  return it;
}

test("the new connection is in before the old one is dropped, and nothing is lost or shown twice", async () => {
  const it = await rotating();
  const [old, fresh] = it.sockets;
  assert.equal(fresh.url.searchParams.get("since"), "e1.1");
  old.say(chat(2), { messageType: 5, onlineNumber: 10 });
  fresh.welcome({ cursor: "e1.1", history: [chat(2), chat(3)] });
  old.say(chat(3), chat(4), { messageType: 1, username: "bob" }, { messageType: 5, onlineNumber: 99 }, { messageType: 9, seq: 1 });
  fresh.say(chat(4), chat(5), { messageType: 9, seq: 1 }, { messageType: 5, onlineNumber: 11 });
  assert.equal(old.closedWith, null);
  await it.clock.pass(5000);

  assert.equal(old.closedWith, 1000);
  assert.deepEqual(it.of("chat").map(({ seq }) => seq), [1, 2, 3, 4, 5]);
  assert.deepEqual(it.of("online").map(({ onlineNumber }) => onlineNumber), [10, 11]);
  assert.equal(it.of("joined").length, 0);
  assert.equal(it.of("removed").length, 1);
  assert.deepEqual(it.of("state").map(({ name }) => name), ["connecting", "open"]);
});

test("an old connection that its successor takes the seat of ends alone", async () => {
  const it = await rotating();
  const [old, fresh] = it.sockets;
  old.say({ messageType: 11, action: "kicked", seconds: null, reason: "replaced" });
  assert.equal(old.closedWith, 1000);
  fresh.welcome({ cursor: "e1.1" });

  assert.deepEqual(it.of("sanction"), []);
  assert.deepEqual(it.of("state").map(({ name }) => name), ["connecting", "open", "connecting", "open"]);
});

test("what the old connection brings late does not move the point to resume from", async () => {
  const it = await rotating();
  const [old, fresh] = it.sockets;
  fresh.welcome({ cursor: "e1.3" });
  old.say(chat(9));
  fresh.cut();
  await it.clock.pass(30_000);

  assert.deepEqual(it.texts(), ["chat 1", "chat 9"]);
  assert.equal(it.last().url.searchParams.get("since"), "e1.3");
});

test("what the old connection brought in time need not be brought again", async () => {
  const it = await rotating();
  const [old, fresh] = it.sockets;
  old.say(chat(2), chat(3));
  fresh.welcome({ cursor: "e1.2", history: [chat(2)] });
  fresh.cut();
  await it.clock.pass(30_000);

  assert.equal(it.last().url.searchParams.get("since"), "e1.3");
});

test("an answer on its way to the old connection is still heard", async () => {
  const it = await rotating();
  const [old, fresh] = it.sockets;
  const said = it.room.say("hello");
  fresh.welcome();
  const [{ id }] = old.frames(4);
  old.say({ messageType: 0, id, ok: true, seq: 7 });

  assert.equal((await said).seq, 7);
  assert.deepEqual(fresh.frames(4), []);
});

test("the old connection sends no more heartbeats, the new one does", async () => {
  const it = await inside({}, { heartbeatSeconds: 70 * 60 + 2 });
  await it.clock.pass(35 * MINUTE + 5000); // the first one asks for an answer
  it.last().say({ messageType: 5, onlineNumber: 1 });
  await it.clock.pass(70 * MINUTE - 5000);
  const [old, fresh] = it.sockets;
  fresh.welcome({ heartbeatSeconds: 8 });
  await it.clock.pass(4500); // the old one's second would be due after 3 s

  assert.equal(old.closedWith, null);
  assert.equal(old.frames(7).length, 1);
  assert.equal(fresh.frames(7).length, 1);
});

test("a new connection that fails leaves the old one in use, and is tried again", async () => {
  const it = await rotating();
  const [old] = it.sockets;
  it.last().cut();
  assert.equal(old.closedWith, null);
  old.say(chat(2));
  await it.clock.pass(250);
  assert.equal(it.sockets.length, 3);
  it.last().welcome();

  assert.deepEqual(it.texts(), ["chat 1", "chat 2"]);
  assert.deepEqual(it.of("state").map(({ name }) => name), ["connecting", "open"]);
});

test("when the old connection is cut meanwhile, the new one takes over and repeats what was not answered", async () => {
  const it = await rotating();
  const [old, fresh] = it.sockets;
  const said = it.room.say("hello");
  old.cut();
  assert.deepEqual(it.of("state").at(-1), { name: "connecting" });
  fresh.welcome();
  fresh.say({ messageType: 0, id: fresh.frames(4)[0].id, ok: true, seq: 2 });

  assert.equal((await said).seq, 2);
  assert.equal(it.sockets.length, 2);
  assert.equal(it.of("state").at(-1).name, "open");
});

test("numbers of another epoch from the old connection are not mixed with the new one's", async () => {
  const it = await rotating();
  const [old, fresh] = it.sockets;
  fresh.welcome({ cursor: "e2.0", gap: true });
  old.say(chat(2, "of the old epoch"));
  fresh.say(chat(2, "of the new epoch"));

  assert.deepEqual(it.texts(), ["chat 1", "of the new epoch"]);
});

test("a connection that was cut is not replaced as well", async () => {
  const it = await inside({}, { heartbeatSeconds: 1e6 });
  await it.clock.pass(105 * MINUTE - 100);
  it.last().cut();
  await it.clock.pass(249);
  assert.equal(it.sockets.length, 1);
  await it.clock.pass(1);

  assert.equal(it.sockets.length, 2);
});

test("the next rotation comes after the same time again", async () => {
  const it = await rotating();
  it.last().welcome({ heartbeatSeconds: 1e6 });
  await it.clock.pass(105 * MINUTE);

  assert.equal(it.sockets.length, 3);
});

// ---- a browser's signs

/** An EventTarget that knows how many listen. */
class Listened extends EventTarget {
  listeners = 0;

  addEventListener(...given) {
    this.listeners += 1;
    super.addEventListener(...given);
  }

  removeEventListener(...given) {
    this.listeners -= 1;
    super.removeEventListener(...given);
  }
}

test("when the network is back the viewer does not wait any longer", async (context) => {
  const window = new Listened();
  const document = Object.assign(new Listened(), { visibilityState: "visible" });
  Object.assign(globalThis, { window, document });
  context.after(() => {
    delete globalThis.window;
    delete globalThis.document;
  });
  const it = await inside();
  it.last().cut();
  document.visibilityState = "hidden";
  document.dispatchEvent(new Event("visibilitychange"));
  await settled();
  assert.equal(it.sockets.length, 1);
  document.visibilityState = "visible";
  window.dispatchEvent(new Event("online"));
  await settled();
  assert.equal(it.sockets.length, 2);
  await it.clock.pass(10_000);
  assert.equal(it.sockets.length, 2);
  it.last().cut();
  document.dispatchEvent(new Event("visibilitychange"));
  await settled();
  assert.equal(it.sockets.length, 3);
  it.room.close();

  assert.deepEqual([window.listeners, document.listeners], [0, 0]);
});
