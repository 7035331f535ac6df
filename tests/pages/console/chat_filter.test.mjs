import assert from "node:assert/strict";
import { test } from "node:test";

import { filter } from "../../../pages/console/chat_filter.js";

const bob = { user: { id: "u-7", name: "Bób" }, said: "Ｈello 世界" };
const line = { said: "Maud muted Bob" };

test("a user is found by name or id, a text by any part, in whatever case and width", () => {
  for (const [user, text] of [["", ""], ["U-7", ""], ["bób", ""], ["", "hello"], ["", "世"], ["u-7", "HELLO"]]) {
    assert.ok(filter(user, text)(bob), JSON.stringify([user, text]));
  }
  for (const [user, text] of [["amy", ""], ["", "bye"], ["u-7", "bye"], ["amy", "hello"]]) {
    assert.ok(!filter(user, text)(bob), JSON.stringify([user, text]));
  }
});

test("a line that is nobody's is not a user's", () => {
  assert.ok(filter("", "muted")(line));
  assert.ok(!filter("bob", "")(line));
});
