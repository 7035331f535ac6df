/** How a viewer reads in the gallery. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { fakeGallery, reading, states } from "./fake_gallery.mjs";
import { settled } from "./fakes.mjs";
import { chat, viewer } from "./viewer.mjs";

test("who is told to read takes no seat, and reads each slot once, after its end", async () => {
  const { it, gallery } = await reading();
  gallery.say(1000, chat(1));
  gallery.say(1001, chat(2), { messageType: 6, zanNumber: 7 });
  await it.clock.pass(1149);
  assert.deepEqual(gallery.read, []);
  await it.clock.pass(1);
  assert.deepEqual(gallery.read, [1000]);
  await it.clock.pass(2000);

  assert.deepEqual(gallery.read, [1000, 1001, 1002]);
  assert.deepEqual(it.texts(), ["chat 1", "chat 2"]);
  assert.deepEqual(it.of("likes").map(({ zanNumber }) => zanNumber), [7]);
  assert.deepEqual(states(it), ["connecting", "open gallery"]);
  assert.equal(it.sockets.length, 0);
  const [welcome] = it.of("welcome");
  assert.deepEqual(
    [welcome.onlineNumber, welcome.heartbeatSeconds, welcome.connectionId, welcome.resumed, "place" in welcome],
    [50, 60, "", false, false],
  );
});

test("a room with a seat is asked once, and then all is as without a gallery", async () => {
  const { it, gallery } = await reading({ fetch: undefined, ...fakeGallery({ lane: "seat" }).options });
  it.last().welcome();
  for (let cut = 0; cut < 3; cut += 1) {
    it.last().cut();
    await it.clock.pass(30_000);
    it.last().welcome();
  }
  assert.deepEqual([it.sockets.length, gallery.orders.length], [4, 0]);
  assert.equal(states(it)[1], "open seat");
});

test("who is asked for no place, or speaks at once, takes a seat", async () => {
  for (const [options, speaks] of [[{ gallery: false }, false], [{ api: undefined }, false], [{ token: async () => "t" }, true]]) {
    const gallery = fakeGallery();
    const it = viewer({ ...gallery.options, ...options });
    it.room.connect();
    if (speaks) it.room.say("hello").catch(() => {});
    await settled();
    assert.deepEqual([it.sockets.length, gallery.orders.length], [1, 0], JSON.stringify(options));
  }
});

test("the order has the viewer and the cursor, and the token as a bearer", async () => {
  const { gallery } = await reading({ userId: "u1", attributes: { level: "12" }, token: "t0" });
  const [{ headers, body }] = gallery.orders;
  assert.deepEqual(body, { username: "alice", userId: "u1", attributes: { level: "12" } });
  assert.equal(headers.Authorization, "Bearer t0");
  assert.equal(gallery.requests[0].url, "https://api.example/api/activities/42/place");
});

test("the place is renewed as often as the server says, and what it says anew is taken over", async () => {
  const { it, gallery } = await reading();
  gallery.quiet = true;
  gallery.beatSeconds = 100;
  gallery.ticks = "/gallery/42/other/";
  await it.clock.pass(30_000); // half of the interval, as 0.5 says
  assert.deepEqual(gallery.orders[1].body, { username: "alice", place: "g1", mail: "0" });
  await it.clock.pass(99_999);
  assert.equal(gallery.orders.length, 2);
  await it.clock.pass(1);
  assert.equal(gallery.orders.length, 3);
  assert.match(gallery.requests.at(-2).url, /other/);
  assert.equal(it.of("welcome").length, 1);
});

test("who finds its hash renews at once, and what was for it alone moves no cursor", async () => {
  const { it, gallery } = await reading();
  gallery.say(1000, chat(1));
  gallery.call(1000, "h1");
  gallery.mail = "9";
  gallery.objects = [{ ...chat(9, "for alice"), to: "alice" }];
  await it.clock.pass(1150);
  assert.equal(gallery.orders.length, 2);
  assert.deepEqual(it.texts(), ["chat 1", "for alice"]);
  gallery.objects = [];
  gallery.say(1001, chat(2));
  await it.clock.pass(1000);
  assert.equal(gallery.orders.length, 2);
  it.room.like();
  await settled();
  assert.equal(it.last().url.searchParams.get("since"), "e1.2");
  assert.deepEqual(it.texts(), ["chat 1", "for alice", "chat 2"]);
});

test("who leaves gives the place up, and nothing goes on", async () => {
  const { it, gallery } = await reading();
  await it.clock.pass(3000);
  it.room.close();
  await it.clock.pass(100_000);
  assert.deepEqual(gallery.left, ["g1"]);
  assert.equal(it.clock.idle, true);
});

test("a place that is given to who has left meanwhile is given up", async () => {
  const gallery = fakeGallery();
  gallery.holds = true;
  const it = viewer(gallery.options);
  it.room.connect();
  await settled();
  it.room.close();
  gallery.release();
  await settled();
  assert.deepEqual(gallery.left, ["g1"]);
  assert.deepEqual(states(it), ["connecting", "closed"]);
});

test("a browser's page that is closed sends a beacon", async (context) => {
  const beacons = [];
  globalThis.window = new EventTarget();
  navigator.sendBeacon = (url) => beacons.push(url);
  context.after(() => {
    delete globalThis.window;
    delete navigator.sendBeacon;
  });
  const { it, gallery } = await reading();
  window.dispatchEvent(new Event("pagehide"));
  assert.deepEqual(beacons, ["https://api.example/api/activities/42/place/leave?place=g1&userId=alice"]);
  // The page is shown again: it has no place any more, and takes another.
  await it.clock.pass(31_000);
  assert.equal(gallery.orders[1].body.place, undefined);
});
