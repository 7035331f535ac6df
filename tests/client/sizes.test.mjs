/** What is too large is known before it is sent; what can never be taken is not sent again. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { inside, viewer } from "./viewer.mjs";

const MINUTE = 60_000;
const FAMILY = "👨‍👩‍👧"; // five characters: a grapheme is no unit of the protocol

for (const [what, text] of Object.entries({
  "501 characters": "x".repeat(501),
  "501 characters outside the BMP": "😀".repeat(501),
  "101 families": FAMILY.repeat(101),
  "5,000 characters": "x".repeat(5000),
  "40,000 characters": "x".repeat(40_000),
  "40,000 characters with spaces between": `x${" ".repeat(40_000)}x`,
  "millions of characters": "x".repeat(5_000_000),
  "501 lone surrogates": "\ud800".repeat(501),
})) {
  test(`${what} are too long at once, and never sent`, async () => {
    const it = await inside();
    await assert.rejects(it.room.say(text), { name: "Refused", code: "too_long" });
    await it.clock.pass(2 * MINUTE);

    assert.deepEqual(it.sockets.flatMap((socket) => socket.frames(4)), []);
  });
}

for (const [what, text] of Object.entries({
  "500 characters": "x".repeat(500),
  "500 characters outside the BMP": "😀".repeat(500),
  "500 characters that JSON escapes": '"'.repeat(500),
  "100 families": FAMILY.repeat(100),
  "a short text between many spaces": `${" ".repeat(40_000)}hi${"\n".repeat(40_000)}`,
})) {
  test(`${what} are sent`, async () => {
    const it = await inside();
    const said = it.room.say(text, { to: "u".repeat(64) });
    const [frame] = it.last().frames(4);
    it.last().say({ messageType: 0, id: frame.id, ok: true, seq: 1 });

    assert.equal(frame.message, text.trim());
    assert.equal((await said).seq, 1);
  });
}

test("an object beside the text is sent as it was when it was said", async () => {
  const it = await inside();
  const extra = { replyTo: 7, at: [0.25, null], nothing: undefined };
  const said = it.room.say("hi", { extra });
  extra.replyTo = 8;
  const [frame] = it.last().frames(4);
  it.last().say({ messageType: 0, id: frame.id, ok: true, seq: 1 });
  await said;
  await it.room.say("x".repeat(501), { extra }).catch(() => {});
  it.room.say("hi", { extra: null }).catch(() => {});

  assert.deepEqual(frame.extra, { replyTo: 7, at: [0.25, null] });
  assert.deepEqual(it.last().frames(4).map((one) => "extra" in one), [true, false]);
});

test("an object beside the text that is too large is known at once, and never sent", async () => {
  const it = await inside();
  for (const text of ["x".repeat(1017), "é".repeat(509)]) {
    await assert.rejects(it.room.say("hi", { extra: { a: text } }), { name: "Refused", code: "bad_field" });
  }
  it.room.say("hi", { extra: { a: "x".repeat(1016) } }).catch(() => {});

  assert.equal(it.last().frames(4).length, 1);
});

test("a frame is measured in bytes, too, with everything that it carries", async () => {
  const it = await inside();
  const text = "\u0001".repeat(500); // each is six bytes of JSON
  const [fits, does] = ["u".repeat(64), "\u0001".repeat(64)];
  it.room.say("😀".repeat(500), { to: does }).catch(() => {});
  it.room.say(text, { to: fits }).catch(() => {});
  it.room.say(text, { to: does }).catch(() => {});
  it.room.who({ cursor: "c".repeat(512) }).catch(() => {});
  for (const cursor of ["\u0001".repeat(512), "\ud800".repeat(512)]) it.room.who({ cursor }).catch(() => {});
  for (const frame of it.last().sent) assert.ok(Buffer.byteLength(JSON.stringify(frame)) <= 4096);

  assert.equal(it.last().sent.length, 6);
});

for (const text of ["", " ", "\n\t \u00a0"]) {
  test(`${JSON.stringify(text)} says nothing, and is not sent`, async () => {
    const it = await inside();
    await assert.rejects(it.room.say(text), { name: "Refused", code: "bad_field" });

    assert.deepEqual(it.last().sent, []);
  });
}

test("a text that is too long is known without a connection, too", async () => {
  const it = viewer();
  it.room.connect();

  await assert.rejects(it.room.say("x".repeat(40_000)), { code: "too_long" });
});

for (const error of ["too_long", "bad_json", "bad_field", "bad_type"]) {
  test(`${error} without an id is about the largest frame that waits, which is not sent again`, async () => {
    const it = await inside();
    const small = it.room.say("small");
    const large = it.room.say("large ".repeat(20));
    const refused = assert.rejects(large, { name: "Refused", code: error, message: "no" });
    const [first, second] = it.last().frames(4);
    it.last().say({ messageType: 0, ok: false, error, message: "no" });
    await refused;
    it.last().cut();
    await it.clock.pass(30_000);
    it.last().welcome();

    assert.deepEqual(it.last().frames(4), [first]);
    assert.notEqual(first.id, second.id);
    assert.equal(it.of("refused").length, 0);
    it.last().say({ messageType: 0, id: first.id, ok: true, seq: 2 });
    assert.equal((await small).seq, 2);
  });

  test(`${error} without an id and without a frame that waits is an event`, async () => {
    const it = await inside();
    it.last().say({ messageType: 0, ok: false, error, message: "no" });

    assert.deepEqual(it.of("refused").map(({ code }) => code), [error]);
  });
}

test("a refusal without an id that is not about the frame's form leaves what waits alone", async () => {
  const it = await inside();
  const said = it.room.say("hello");
  it.last().say({ messageType: 0, ok: false, error: "rate_limited", retryAfter: 1 }); // of a like
  const [{ id }] = it.last().frames(4);
  it.last().say({ messageType: 0, id, ok: true, seq: 3 });

  assert.equal((await said).seq, 3);
  assert.equal(it.of("refused").length, 1);
});

test("a frame that was too large for a connection is not sent on the next one", async () => {
  const it = await inside();
  const small = it.room.say("small");
  const refused = assert.rejects(it.room.say("large ".repeat(20)), { name: "Refused", code: "too_long" });
  it.last().closed(1009);
  await refused;
  await it.clock.pass(30_000);
  it.last().welcome();
  const frames = it.last().frames(4);
  it.last().say({ messageType: 0, id: frames[0].id, ok: true, seq: 1 });

  assert.deepEqual(frames.map(({ message }) => message), ["small"]);
  assert.equal((await small).seq, 1);
});

test("a frame that waits for a connection is not to blame for what another was too large for", async () => {
  const it = await inside();
  const refused = assert.rejects(it.room.say("sent"), { code: "too_long" });
  it.last().readyState = 2;
  const waits = it.room.say("waits ".repeat(20));
  it.last().closed(1009);
  await refused;
  await it.clock.pass(30_000);
  it.last().welcome();
  const [{ id, message }] = it.last().frames(4);
  it.last().say({ messageType: 0, id, ok: true, seq: 1 });

  assert.match(message, /^waits/);
  await waits;
});
