import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import en from "../../../pages/console/words/en.js";
import zh from "../../../pages/console/words/zh-CN.js";

const FOLDER = new URL("../../../pages/console/", import.meta.url);
const values = (text) => [...JSON.stringify(text).matchAll(/\{(\w+)\}/g)].map(([, name]) => name);

test("both languages have the same texts, with the same values in them", () => {
  assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
  for (const key of Object.keys(en)) {
    assert.deepEqual(new Set(values(zh[key])), new Set(values(en[key])), key);
  }
});

test("each text is said somewhere", () => {
  const files = readdirSync(FOLDER).filter((name) => /\.(js|html)$/.test(name));
  const all = files.map((name) => readFileSync(new URL(name, FOLDER), "utf8")).join("\n");
  const unsaid = Object.keys(en).filter((key) => !new RegExp(`\\b${key}\\b`).test(all));
  assert.deepEqual(unsaid, []);
});
