/** The library in a mini-program's sandbox, after what Tencent's documents say of sockets there. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { LiveRoom } from "../../client/live.js";
import { fakeWebSocket, settled, VirtualClock } from "./fakes.mjs";
import { fakeWx, miniProgram, MISSING } from "./mini_program.mjs";
import { chat } from "./viewer.mjs";

/** A viewer in a mini-program of its own. */
function viewer(options = {}, answer = undefined) {
  const clock = new VirtualClock();
  const wx = fakeWx(answer);
  const program = miniProgram({ wx, now: clock.now });
  program.run("Date.now = now");
  const { LiveRoom } = program.load("client/live.js");
  const globals = program.load("client/weapp.js").weapp(wx);
  const make = (more = {}) => new LiveRoom({
    url: "wss://rooms.example/websocket", activityId: 42, username: "alice", clock, random: () => 0.5,
    ...globals, ...options, ...more,
  });
  const room = make();
  const it = { clock, wx, program, make, room, states: [], texts: [], last: () => wx.tasks.at(-1) };
  room.on("state", (state) => it.states.push(state));
  room.on("chat", ({ textMessage }) => it.texts.push(textMessage));
  return it;
}

async function inside(options, answer) {
  const it = viewer(options, answer);
  it.room.connect();
  await settled();
  it.last().welcome();
  await settled();
  return it;
}

const names = (it) => it.states.map(({ name }) => name);

test("the sandbox has nothing that a mini-program has not", () => {
  const { run } = miniProgram({ wx: fakeWx() });
  for (const name of MISSING) assert.equal(run(`typeof ${name}`), "undefined", name);
});

test("a viewer enters, hears and speaks", async () => {
  const it = await inside({ token: "t0" });
  assert.deepEqual([it.last().url, [...it.last().protocols]], [
    "wss://rooms.example/websocket?activityId=42&username=alice", ["live.v1", "bearer.t0"],
  ]);
  it.last().say(chat(1, "hello"), chat(2, "\u{1f389}"));
  const said = it.room.say("\u4f60\u597d");
  await settled();
  const [{ id, message }] = it.last().sent.filter(({ messageType }) => messageType === 4);
  it.last().say({ messageType: 0, id, ok: true, seq: 3 });

  assert.equal(message, "\u4f60\u597d");
  assert.equal((await said).seq, 3);
  assert.deepEqual(it.texts, ["hello", "\u{1f389}"]);
});

test("addresses are those that a browser makes, whatever names hold", async () => {
  for (const username of ["a b", "a&b=c#d", "\u4f60\u597d", "100%", "+", "\u{1f389}", "\ud800"]) {
    for (const url of ["wss://rooms.example/websocket", "https://rooms.example/websocket?x=%20y&username=no#z"]) {
      const options = { url, activityId: "7", username, userId: "u 1", attributes: { level: "12" } };
      const it = viewer(options);
      it.room.connect();
      const WebSocket = fakeWebSocket();
      const room = new LiveRoom({ ...options, WebSocket });
      room.connect();
      await settled();
      room.close();

      assert.equal(it.last().url, WebSocket.made[0].url.href, username);
      assert.equal(new URL(it.last().url).searchParams.get("username"), username.toWellFormed());
    }
  }
});

test("what is no address is known at once", () => {
  for (const url of ["rooms.example/websocket", "/websocket", "wss://", "ftp://rooms.example"]) {
    assert.throws(() => viewer({ url }), { name: "TypeError" }, url);
  }
});

test("sizes are those of UTF-8", async () => {
  const it = await inside();
  for (const [extra, code] of [[{ a: "\u4f60".repeat(338) }, undefined], [{ a: "\u4f60".repeat(340) }, "bad_field"]]) {
    const said = it.room.say("x", { extra }).catch((refused) => refused.code);
    await settled();
    if (code) assert.equal(await said, code);
    else assert.equal(it.last().sent.at(-1).extra.a.length, 338);
  }
});

// The first sign of an end is the end, whatever comes after it.
for (const events of [["Error"], ["Close"], ["Error", "Close"], ["Close", "Error"], ["fail"], ["fail", "Error", "Close"]]) {
  test(`a socket that ends with ${events} ends once`, async () => {
    const it = await inside();
    const task = it.last();
    for (const event of events) event === "fail" ? task.fail({ errMsg: "x" }) : task.call(event, { code: 1006, errMsg: "x" });
    await settled();
    assert.deepEqual(names(it), ["connecting", "open", "waiting"]);
    await it.clock.pass(1000);
    assert.equal(it.wx.tasks.length, 2);
    it.last().welcome();
    await settled();
    assert.equal(names(it).at(-1), "open");
    task.call("Message", { data: "[]" }); // late, of the dead one
    assert.equal(it.wx.live.has(task), false);
  });
}

test("a frame that cannot be sent ends the socket, and is sent again on the next", async () => {
  const it = await inside();
  it.last().broken = true;
  const said = it.room.say("hello");
  await settled();
  await it.clock.pass(1000);
  it.last().welcome();
  await settled();
  const [{ id }] = it.last().sent.filter(({ messageType }) => messageType === 4);
  it.last().say({ messageType: 0, id, ok: true, seq: 9 });

  assert.equal((await said).seq, 9);
});

test("a message that comes before the socket is said to be open is heard", async () => {
  const it = viewer();
  it.room.connect();
  await settled();
  it.last().say({ messageType: 8, userId: "alice", cursor: "e1.0", history: [], heartbeatSeconds: 60 }, chat(1));
  await settled();
  it.last().call("Open");

  assert.equal(names(it).at(-1), "open");
  assert.deepEqual(it.texts, ["chat 1"]);
});

test("a socket that opens after the viewer has left is closed", async () => {
  const it = viewer();
  it.room.connect();
  await settled();
  const task = it.last();
  it.room.close();
  const before = task.closedWith.length;
  task.call("Open");

  assert.equal(task.closedWith.length, before + 1);
  assert.deepEqual(names(it), ["connecting", "closed"]);
});

test("a sixth socket fails, and its room comes in once a place is free", async () => {
  const it = await inside();
  const others = [1, 2, 3, 4].map((room) => it.make({ activityId: room }));
  for (const room of others) room.connect();
  await settled();
  const sixth = it.make({ activityId: 6 });
  const states = [];
  sixth.on("state", ({ name }) => states.push(name));
  sixth.connect();
  await settled();
  await settled();
  assert.deepEqual(states, ["connecting", "waiting"]);
  others[0].close();
  await it.clock.pass(1000);

  assert.equal(it.wx.live.size, 5);
  it.last().welcome();
  await settled();
  assert.equal(states.at(-1), "open");
});

test("while a connection is replaced a room has no more than three sockets, and gives them back", async () => {
  const it = await inside();
  it.last().say({ messageType: 8, userId: "alice", cursor: "e1.0", history: [], heartbeatSeconds: 1e6 });
  for (let time = 0; time < 5; time += 1) {
    await it.clock.pass(105 * 60_000);
    assert.ok(it.wx.live.size <= 3);
    it.last().welcome({ heartbeatSeconds: 1e6 });
    await it.clock.pass(6000);
    await settled();
    assert.equal(it.wx.live.size, 1);
  }
});

for (const [ms, sockets] of [[4999, 1], [5000, 2]]) {
  test(`after ${ms} ms in the background there has been ${sockets} socket`, async () => {
    const it = await inside();
    it.last().say(chat(4));
    it.wx.tell("hide");
    await it.clock.pass(ms);
    it.wx.tell("show");
    await settled();
    await settled();

    assert.equal(it.wx.tasks.length, sockets);
    if (sockets === 2) assert.match(it.last().url, /since=e1\.4/);
  });
}

test("when the network is back nobody waits", async () => {
  const it = await inside();
  it.last().call("Close", { code: 1006 });
  await settled();
  it.wx.tell("network", { isConnected: false });
  await settled();
  assert.equal(it.wx.tasks.length, 1);
  it.wx.tell("network", { isConnected: true });
  await settled();

  assert.equal(it.wx.tasks.length, 2);
});

test("a viewer who has left listens to nothing any more", async () => {
  const it = await inside();
  assert.equal(it.wx.listening(), 3);
  it.room.close();

  assert.equal(it.wx.listening(), 0);
  assert.deepEqual([...it.last().closedWith], [1000]);
});

test("the API is asked by a request, and a ban without an end closes", async () => {
  const banned = { admitted: false, reason: "banned", until: null, text: "spam" };
  const seat = { lane: "seat" };
  const it = viewer({ api: "https://api.example", token: "t0" }, (_url, method) => (
    { statusCode: 200, data: method === "POST" ? seat : banned }
  ));
  it.room.connect();
  for (let turn = 0; turn < 4; turn += 1) await settled();
  it.last().call("Error", { errMsg: "403" });
  for (let turn = 0; turn < 4; turn += 1) await settled();

  const [, { url, header }] = it.wx.requests;
  assert.equal(url, "https://api.example/api/activities/42/admission?username=alice");
  assert.equal(header.Authorization, "Bearer t0");
  assert.deepEqual({ ...it.states.at(-1) }, { name: "closed", reason: "banned", until: null, text: "spam" });
});

test("a reader in the gallery takes a place, reads, and gives the place up, by requests", async () => {
  const told = { lane: "gallery", userId: "alice", place: "g1", cursor: "e1.0", gap: false, beatSeconds: 60, history: [] };
  Object.assign(told, { ticks: "/gallery/42/key/", next: 1000, now: 1_000_000, hash: "h", mail: "0", objects: [], properties: {} });
  const answers = (url, method) => {
    if (method === "POST") return { statusCode: url.includes("/leave") ? 204 : 200, data: url.includes("/leave") ? "" : told };
    return { statusCode: 200, data: { next: 1001, objects: [chat(1)] } };
  };
  const it = viewer({ api: "https://api.example", token: "t0" }, answers);
  it.room.connect();
  for (let turn = 0; turn < 4; turn += 1) await settled();
  await it.clock.pass(1150);
  for (let turn = 0; turn < 4; turn += 1) await settled();
  it.room.close();

  assert.deepEqual(it.texts, ["chat 1"]);
  assert.equal(it.wx.tasks.length, 0);
  const [order, slot, leave] = it.wx.requests;
  assert.deepEqual(JSON.parse(order.data), { username: "alice" });
  assert.equal(order.header.Authorization, "Bearer t0");
  assert.equal(slot.url, "https://api.example/gallery/42/key/1000");
  assert.equal(leave.url, "https://api.example/api/activities/42/place/leave?place=g1&userId=alice");
});

test("the server's wait is heeded in whatever case WeChat has the header", async () => {
  for (const name of ["Retry-After", "retry-after"]) {
    const it = viewer({ api: "https://api.example" }, () => ({ statusCode: 429, header: { [name]: "7" }, data: {} }));
    it.room.connect();
    for (let turn = 0; turn < 4; turn += 1) await settled();
    const { name: state, reason, delayMs } = it.states.at(-1);
    assert.deepEqual([state, reason, delayMs], ["waiting", "too_often", 7500]);
  }
});

test("a request that fails, or brings a page in place of JSON, is no reason to give up", async () => {
  for (const [answer, reason] of [[{ errMsg: "request:fail timeout" }, "unreachable"], [{ statusCode: 200, data: "<html>" }, "unavailable"]]) {
    const it = viewer({ api: "https://api.example" }, () => answer);
    it.room.connect();
    for (let turn = 0; turn < 4; turn += 1) await settled();
    it.last().call("Error", { errMsg: "x" });
    for (let turn = 0; turn < 4; turn += 1) await settled();
    assert.deepEqual([it.states.at(-1).name, it.states.at(-1).reason], ["waiting", reason]);
  }
});

test("bytes are no frame of a room, and do no harm", async () => {
  const it = await inside();
  it.last().call("Message", { data: new ArrayBuffer(3) });
  it.last().say(chat(1));

  assert.deepEqual(it.texts, ["chat 1"]);
});
