import assert from "node:assert/strict";
import { test } from "node:test";

import { MINUTE_MS, ceiling, curve, path, peak } from "../../../pages/console/curve.js";

const at = (minute, value) => ({ time: minute * MINUTE_MS, chats: value, onlineNumber: value });

test("a minute that is left out has no chats, and as many people as before", () => {
  const minutes = [at(10, 3), at(12, 5)];
  assert.deepEqual(curve(minutes, "chats").map(({ value }) => value), [3, 0, 5]);
  assert.deepEqual(curve(minutes, "onlineNumber", { isLevel: true }).map(({ value }) => value), [3, 3, 5]);
  assert.deepEqual(curve(minutes, "chats").map(({ time }) => time / MINUTE_MS), [10, 11, 12]);
});

test("of many minutes several are one point: the largest of them", () => {
  const minutes = Array.from({ length: 7 * 24 * 60 }, (_, minute) => at(minute, minute === 5000 ? 99 : 1));
  for (const options of [{}, { isLevel: true }]) {
    const points = curve(minutes, "chats", options);
    assert.ok(points.length <= 240);
    assert.equal(peak(points).value, 99);
  }
});

test("what can be no point is left out", () => {
  const odd = [null, 1, "x", {}, { time: "soon", chats: 1 }, { time: -5, chats: 1 }, { time: 0, chats: NaN }, at(1, -4), at(2, 7)];
  assert.deepEqual(curve(odd, "chats").map(({ value }) => value), [0, 7]);
  for (const none of [undefined, null, {}, [], "x"]) assert.deepEqual(curve(none, "chats"), []);
  assert.equal(peak([]), undefined);
});

test("the top of a chart is a round number that is not below the curve", () => {
  const tops = [[0, 1], [1, 1], [2, 2], [3, 5], [5, 5], [6, 10], [99, 100], [101, 200], [123456, 200000]];
  for (const [value, top] of tops) assert.equal(ceiling(value), top, String(value));
});

test("a curve lies within its box, from left to right", () => {
  const points = [0, 10, 5].map((value) => ({ value }));
  assert.equal(path(points, 100, 50), "0,50 50,0 100,25");
  assert.equal(path([], 100, 50), "");
});
