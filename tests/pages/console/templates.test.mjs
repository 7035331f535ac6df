import assert from "node:assert/strict";
import { test } from "node:test";

import { dataOf, targets } from "../../../pages/console/templates.js";

test("empty fields and those of other templates are left out", () => {
  assert.deepEqual(dataOf("coupon", { title: " Ten off ", text: "", code: "TAKE10", price: "9" }), { title: "Ten off", code: "TAKE10" });
  assert.equal(dataOf("product", { title: " " }), undefined);
});

test("a price that is a number is one, and any other is a text", () => {
  const prices = [["9.50", 9.5], ["9,5", 9.5], ["0", 0], ["from 9 €", "from 9 €"], ["1.000,00", "1.000,00"], ["-1", "-1"]];
  for (const [typed, price] of prices) assert.equal(dataOf("product", { price: typed }).price, price, typed);
  assert.equal(dataOf("product", { price: "1", currency: "eur" }).currency, "EUR");
});

test("users are one a line, each once", () => {
  assert.deepEqual(targets("bob\r\n\n  amy \nbob"), ["bob", "amy"]);
  assert.deepEqual(targets(" \n"), []);
});
