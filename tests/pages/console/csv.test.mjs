import assert from "node:assert/strict";
import { test } from "node:test";

import { csv } from "../../../pages/console/csv.js";

test("quotes, commas and line breaks stay in their cell", () => {
  const rows = [{ a: 'say "hi", twice', b: "two\nlines" }, { a: "", b: undefined }, { a: null, b: 1.5 }];
  assert.equal(csv(["a", "b"], rows), 'a,b\r\n"say ""hi"", twice","two\nlines"\r\n,\r\n,1.5\r\n');
});

test("no cell begins a formula, wherever a spreadsheet thinks that it begins", () => {
  for (const sign of ["=", "+", "-", "@", "＝", "﹢"]) {
    for (const before of ["", " ", "\t", "a;", 'x"', "\u0000"]) {
      const [, line] = csv(["a"], [{ a: `${before}${sign}cmd` }]).split("\r\n");
      assert.ok(line.includes(`'${sign}cmd`), JSON.stringify(line));
    }
  }
  assert.equal(csv(["a"], [{ a: "well-known 3=3" }]), "a\r\nwell-known 3=3\r\n");
});

test("an object is written as JSON", () => {
  assert.equal(csv(["a"], [{ a: { b: [1, "x"] } }]), 'a\r\n"{""b"":[1,""x""]}"\r\n');
});
