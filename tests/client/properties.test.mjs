/** The properties of a room, and notices to this viewer alone. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { settled } from "./fakes.mjs";
import { chat, cutAndRetry, inside, viewer } from "./viewer.mjs";

const ROTATED_MS = 105 * 60_000; // with the random of these tests

const changed = (properties) => ({ messageType: 14, properties });

test("properties come with the welcome and with each change, and null removes", async () => {
  const it = await inside({}, { properties: { pinned: { sku: 1 }, note: "hi" } });
  assert.deepEqual(it.of("properties"), [
    { changed: { pinned: { sku: 1 }, note: "hi" }, properties: { pinned: { sku: 1 }, note: "hi" } },
  ]);
  it.last().say(changed({ pinned: { sku: 2 }, note: null, unknown: null }));

  assert.deepEqual(it.room.properties, { pinned: { sku: 2 } });
  assert.deepEqual(it.of("properties")[1], {
    changed: { pinned: { sku: 2 }, note: null, unknown: null }, properties: { pinned: { sku: 2 } },
  });
  assert.deepEqual(it.of("welcome")[0].properties, { pinned: { sku: 1 }, note: "hi" });
});

test("a viewer who comes back has the properties of then, and is told what has changed", async () => {
  const it = await inside({}, { properties: { same: [1], other: 1, gone: true } });
  await cutAndRetry(it);
  it.last().welcome({ properties: { same: [1], other: 2, fresh: {} } });
  assert.deepEqual(it.of("properties")[1], {
    changed: { other: 2, gone: null, fresh: {} }, properties: { same: [1], other: 2, fresh: {} },
  });
  await cutAndRetry(it);
  it.last().welcome({ properties: { fresh: {}, other: 2, same: [1] } });

  assert.equal(it.of("properties").length, 2);
  assert.deepEqual(it.room.properties, { same: [1], other: 2, fresh: {} });
});

test("a connection that is replaced or not in use yet changes no properties", async () => {
  const it = await inside({}, { heartbeatSeconds: 1e6, properties: { a: 1 } });
  await it.clock.pass(ROTATED_MS);
  const [old, next] = it.sockets;
  next.readyState = 1;
  next.say(changed({ a: 0 }));
  next.welcome({ properties: { a: 2 } });
  old.say(changed({ a: 1 }));

  assert.deepEqual(it.room.properties, { a: 2 });
  assert.deepEqual(it.of("properties").map(({ changed: { a } }) => a), [1, 2]);
});

test("no name and no value of a property is special, and what is none is left out", async () => {
  const names = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2, "toString": 3}');
  const it = await inside({}, { properties: names });
  for (const odd of [null, 7, "x", [], undefined]) it.last().say(changed(odd));
  it.last().say(changed({ toString: null }), chat(1));
  assert.deepEqual(Object.keys(it.room.properties), ["__proto__", "constructor"]);
  assert.equal({}.polluted, undefined);
  it.room.properties.constructor = "of the caller";
  assert.equal(it.room.properties.constructor, 2);
  assert.deepEqual(it.texts(), ["chat 1"]);
  for (const odd of [null, 7, "x", [], undefined]) {
    it.last().welcome({ properties: odd });
    assert.deepEqual(it.room.properties, {});
  }
});

test("a viewer who leaves in a welcome handler is told of the properties when it comes back", async () => {
  const it = viewer();
  const off = it.room.on("welcome", () => it.room.close());
  it.room.connect();
  await settled();
  it.last().welcome({ properties: { a: 1 } });
  assert.deepEqual(it.of("properties"), []);
  off();
  it.room.connect();
  await settled();
  it.last().welcome({ properties: { a: 1 } });

  assert.deepEqual(it.of("properties"), [{ changed: { a: 1 }, properties: { a: 1 } }]);
});

test("a notice to this viewer alone says so", async () => {
  const it = await inside();
  it.last().say({ messageType: 10, seq: 3, name: "coupon", data: null, time: 1, to: "alice" });
  assert.deepEqual(it.of("notice").map(({ to, replayed }) => [to, replayed]), [["alice", false]]);
});
