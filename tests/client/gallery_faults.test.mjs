/** What becomes of a reader in the gallery when something fails: slots, keys, places, tokens, the network, the API. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { fakeGallery, reading, states } from "./fake_gallery.mjs";
import { chat, viewer } from "./viewer.mjs";

test("where slots are missing the place is renewed with the cursor, and what came since is told once", async () => {
  const { it, gallery } = await reading();
  gallery.say(1000, chat(1));
  await it.clock.pass(1150);
  gallery.answers.set(1001, { status: 200, told: { next: 1005, gap: true } });
  gallery.history = [chat(2), chat(3)];
  gallery.gap = true;
  await it.clock.pass(1000);
  await it.clock.pass(2000);
  assert.equal(gallery.orders[1].body.since, "e1.1");
  assert.deepEqual(it.texts(), ["chat 1", "chat 2", "chat 3"]);
  assert.equal(it.of("gap").length, 1);
  assert.deepEqual(states(it), ["connecting", "open gallery"]);
});

test("readers who lose the room together renew their places one after another, and who is behind does it at once", async () => {
  // How many are here, the interval in seconds, the slots that the reader is behind, and the ms for which it waits.
  for (const [onlineNumber, beatSeconds, behind, wait] of [
    [50_000, 200, 0, 50_000],
    [10_000, 60, 0, 10_000],
    [50_000, 200, 40, 0],
    [100, 60, 0, 100],
    [undefined, 60, 0, 0],
  ]) {
    const answers = new Map([[1000 - behind, { status: 200, told: { next: 1010, gap: true } }]]);
    const { it, gallery } = await reading({}, { onlineNumber, beatSeconds, behind, answers });
    // It asks 150 ms after the slot's end, which is long ago if it is behind.
    await it.clock.pass((behind ? 0 : 1150) + 1500 + wait - 50);
    assert.equal(gallery.orders.length, 1, `${onlineNumber} ${behind}`);
    await it.clock.pass(100);
    assert.equal(gallery.orders.length, 2, `${onlineNumber} ${behind}`);
    assert.equal(gallery.orders[1].body.since, "e1.0");
  }
});

test("a key that is not valid any more is replaced, and no slot is left out", async () => {
  const { it, gallery } = await reading();
  gallery.answers.set(1000, { status: 403, told: { error: "not_allowed" } });
  gallery.ticks = "/gallery/42/fresh/";
  gallery.say(1000, chat(1));
  await it.clock.pass(1150);
  gallery.answers.clear();
  await it.clock.pass(2000);
  assert.equal(gallery.orders[1].body.since, undefined);
  assert.deepEqual(it.texts(), ["chat 1"]);
  assert.match(gallery.requests.at(-1).url, /fresh/);
});

test("a place that was given up is taken anew, with the cursor", async () => {
  const { it, gallery } = await reading();
  gallery.say(1000, chat(1));
  await it.clock.pass(29_000);
  gallery.refusals.push({ status: 404, told: { error: "not_found" } });
  await it.clock.pass(2000);
  assert.deepEqual(gallery.orders.slice(1).map(({ body }) => [body.place, body.since]), [["g1", undefined], [undefined, "e1.1"]]);
  assert.equal(it.of("state").length, 2);
});

test("who is put out stops, and who is banned is told why", async () => {
  for (const [error, reason] of [["kicked", "kicked"], ["banned", "banned"]]) {
    const { it, gallery } = await reading();
    gallery.admission = { admitted: false, status: 403, reason: "banned", until: null, text: "spam" };
    gallery.refusals.push({ status: 403, told: { error } });
    await it.clock.pass(31_000);
    const reads = gallery.read.length;
    await it.clock.pass(60_000);
    const { name, reason: told, text } = it.of("state").at(-1);
    assert.deepEqual([name, told, text], ["closed", reason, error === "banned" ? "spam" : undefined]);
    assert.equal(gallery.read.length, reads);
    assert.equal(it.clock.idle, true);
  }
});

test("a token that has expired is replaced once, while reading goes on", async () => {
  let tokens = 0;
  const { it, gallery } = await reading({ token: () => `t${(tokens += 1)}` });
  gallery.refusals.push({ status: 401, told: { error: "unauthorized" } });
  await it.clock.pass(31_000);
  assert.deepEqual(gallery.orders.map(({ headers }) => headers.Authorization), ["Bearer t1", "Bearer t1", "Bearer t2"]);
  assert.deepEqual(states(it), ["connecting", "open gallery"]);
});

test("renewals that fail are tried again, and slots are read meanwhile", async () => {
  const { it, gallery } = await reading();
  for (const status of [503, 429, 0]) gallery.refusals.push({ status, told: null });
  await it.clock.pass(29_000);
  const reads = gallery.read.length;
  await it.clock.pass(15_000);
  assert.deepEqual([gallery.orders.length, gallery.read.length > reads + 10], [5, true]);
  assert.deepEqual(states(it), ["connecting", "open gallery"]);
});

test("a reader who is offline says so, and resumes with its place and cursor", async () => {
  const { it, gallery } = await reading();
  gallery.say(1000, chat(1));
  await it.clock.pass(1200);
  gallery.down = true;
  await it.clock.pass(25_000);
  assert.equal(states(it).at(-1), "waiting");
  assert.equal(it.of("state").some(({ lost }) => lost), true);
  gallery.down = false;
  gallery.history = [chat(2)];
  await it.clock.pass(31_000);
  const { place, since } = gallery.orders.at(-1).body;
  assert.deepEqual([place, since], ["g1", "e1.1"]);
  assert.deepEqual(it.texts(), ["chat 1", "chat 2"]);
  assert.equal(states(it).at(-1), "open gallery");
});

test("an API that cannot say it for long is no reason to stay out", async () => {
  for (const [refusal, orders] of [[503, 4], [429, 4], [404, 1], [0, 1], [403, 1]]) {
    const gallery = fakeGallery();
    for (let time = 0; time < 9; time += 1) gallery.refusals.push({ status: refusal, told: null });
    const it = viewer(gallery.options);
    it.room.connect();
    await it.clock.pass(20_000);
    assert.deepEqual([it.sockets.length > 0, gallery.orders.length], [true, orders], String(refusal));
  }
});
