/** How a reader takes a seat to speak, and goes back to the gallery. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { reading, SEAT, states } from "./fake_gallery.mjs";
import { settled } from "./fakes.mjs";
import { chat } from "./viewer.mjs";

const spoken = (it) => it.last().frames(4).map(({ message }) => message);

test("who speaks takes a seat, reads on until it is there and five seconds more, and gives the place up", async () => {
  const { it, gallery } = await reading();
  gallery.say(1000, chat(1));
  await it.clock.pass(1200);
  const said = it.room.say("hello");
  await settled();
  assert.equal(it.sockets.length, 1);
  assert.equal(it.last().url.searchParams.get("since"), "e1.1");
  gallery.say(1001, chat(2));
  await it.clock.pass(1000);
  assert.deepEqual(it.texts(), ["chat 1", "chat 2"]);
  it.last().welcome({ cursor: "e1.3", history: [chat(2), chat(3)] });
  await settled();
  const [{ id }] = it.last().frames(4);
  it.last().say({ messageType: 0, id, ok: true, seq: 4 }, chat(4));
  await it.clock.pass(4999);
  assert.deepEqual(gallery.left, []);
  const reads = gallery.read.length;
  await it.clock.pass(5000);

  assert.equal((await said).seq, 4);
  assert.deepEqual(it.texts(), ["chat 1", "chat 2", "chat 3", "chat 4"]);
  assert.deepEqual([gallery.left, gallery.read.length], [["g1"], reads]);
  assert.deepEqual(states(it), ["connecting", "open gallery", "open seat"]);
});

test("what is said to a viewer alone on the way to a seat comes, whatever becomes of the seat", async () => {
  const { it, gallery } = await reading();
  it.room.like();
  await settled();
  it.last().welcome(SEAT);
  // The relay had told the place, and not the seat.
  gallery.call(1000, "h1");
  gallery.mail = "7";
  gallery.objects = [{ ...chat(7, "for alice"), to: "alice" }];
  await it.clock.pass(1150);
  assert.deepEqual(it.texts(), ["for alice"]);
  it.last().cut();
  await it.clock.pass(1000);
  it.last().welcome(SEAT);
  assert.equal(it.sockets.length, 2);
  gallery.call(1002, "h1");
  gallery.objects = [{ ...chat(9, "for alice, too"), to: "alice" }];
  await it.clock.pass(1000);
  it.last().say({ ...chat(9, "for alice, too"), to: "alice" }, chat(10));
  assert.deepEqual(it.texts(), ["for alice", "for alice, too", "chat 10"]);
  assert.deepEqual(gallery.left, []);
  await it.clock.pass(5000);
  assert.deepEqual(gallery.left, ["g1"]);
});

test("a place that was given up beside a seat is not taken anew", async () => {
  const { it, gallery } = await reading();
  it.room.like();
  await settled();
  it.last().welcome(SEAT);
  gallery.call(1000, "h1");
  gallery.refusals.push({ status: 404, told: { error: "not_found" } });
  await it.clock.pass(10_000);
  assert.deepEqual([gallery.orders.length, gallery.left], [2, []]);
  it.last().say(chat(1));
  assert.deepEqual(it.texts(), ["chat 1"]);
});

test("likes take a seat, too, and none is lost on the way", async () => {
  const { it } = await reading();
  it.room.like(3);
  await it.clock.pass(3000);
  it.last().welcome();
  await it.clock.pass(1000);
  assert.deepEqual(it.last().frames(6).map(({ count }) => count), [3]);
});

test("five minutes after the last word the viewer goes back, with the cursor", async () => {
  const { it, gallery } = await reading();
  it.room.say("one").catch(() => {});
  await settled();
  it.last().welcome({ ...SEAT, cursor: "e1.5" });
  await it.clock.pass(200_000);
  it.room.like();
  await it.clock.pass(299_999);
  assert.equal(gallery.orders.length, 1);
  gallery.cursor = "e1.6";
  gallery.history = [chat(6)];
  await it.clock.pass(1);
  assert.equal(gallery.orders.length, 2);
  assert.equal(gallery.orders[1].body.since, "e1.5");
  it.sockets[0].say(chat(6), chat(7)); // on their way while the seat is being given up
  await it.clock.pass(5000);

  assert.deepEqual(it.texts(), ["chat 6", "chat 7"]);
  assert.equal(it.sockets.length, 1);
  assert.equal(it.sockets[0].closedWith, 1000);
  assert.deepEqual(states(it), ["connecting", "open gallery", "open seat", "open gallery"]);
});

test("a seat that ends before its five minutes is taken again, and after them a place", async () => {
  const { it, gallery } = await reading();
  it.room.like();
  await settled();
  it.last().welcome(SEAT);
  it.last().cut();
  await it.clock.pass(1000);
  assert.deepEqual([it.sockets.length, gallery.orders.length], [2, 1]);
  it.last().welcome(SEAT);
  await it.clock.pass(299_000);
  assert.deepEqual([it.sockets.length, gallery.orders.length], [2, 2]);
  assert.equal(states(it).at(-1), "open gallery");
});

test("who speaks while a place is on its way keeps the seat and gives the place up", async () => {
  const { it, gallery } = await reading();
  it.room.like();
  await settled();
  it.last().welcome(SEAT);
  gallery.holds = true;
  await it.clock.pass(300_000);
  const said = it.room.say("again");
  said.catch(() => {});
  gallery.release();
  await settled();

  assert.deepEqual(gallery.left, ["g1", "g2"]);
  assert.deepEqual(spoken(it), ["again"]);
  assert.equal(states(it).at(-1), "open seat");
  await it.clock.pass(300_000);
  assert.equal(states(it).at(-1), "open gallery");
});
