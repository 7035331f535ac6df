import assert from "node:assert/strict";
import { test } from "node:test";

import { patchTo } from "../../../pages/console/merge_patch.js";

/** RFC 7396, section 2. */
function merged(target, patch) {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result = typeof target === "object" && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

const VALUES = [1, "a", [], [1, { a: 1 }], {}, { a: 1 }, { b: 2 }, { a: { x: 1, y: 2 }, c: [1] }, { a: { y: 3 } }, { constructor: 1 }];

test("the patch of any value makes any other of it", () => {
  for (const present of [undefined, ...VALUES]) {
    for (const wanted of VALUES) {
      const patched = merged({ it: present }, { it: patchTo(present, wanted) });
      assert.deepEqual(patched, { it: wanted }, JSON.stringify([present, wanted]));
    }
    assert.deepEqual(merged({ it: present }, { it: patchTo(present, undefined) }), {});
  }
});
