import assert from "node:assert/strict";
import { test } from "node:test";

import { Api, newKey, pages } from "../../../pages/console/api.js";

function answering(...answers) {
  const calls = [];
  const fetch = async (address, options) => {
    calls.push({ address, ...options });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { api: new Api("https://rooms.example", "t.o.k", fetch), calls };
}

const json = (status, body) => new Response(status === 204 ? null : JSON.stringify(body), { status });

test("a call carries the token, the body, the id and what of the query is given", async () => {
  const { api, calls } = answering(json(200, { ok: 1 }));
  const query = { userId: "amy?x&y", reason: null, cursor: undefined };
  assert.deepEqual(await api.send("PUT", "/bans", { query, body: { a: 1 }, key: "k1" }), { ok: 1 });
  const [{ address, headers, method, body }] = calls;
  assert.equal(address, "https://rooms.example/api/bans?userId=amy%3Fx%26y");
  assert.deepEqual(headers, { Authorization: "Bearer t.o.k", "Idempotency-Key": "k1", "Content-Type": "application/json" });
  assert.deepEqual([method, body], ["PUT", '{"a":1}']);
});

test("each failure has its kind, and says whether the call may be made again", async () => {
  const cases = [
    [json(400, { error: "bad_field", message: "why" }), "wrong", false],
    [json(403, { error: "banned", message: "why" }), "forbidden", false],
    [new Response("<html>", { status: 502 }), "away", true],
    [new Response("", { status: 429 }), "busy", true],
    [json(503, null), "away", true],
    [json(418, []), "failed", false],
    [new Response("<html>", { status: 200 }), "away", true],
    [new TypeError("Failed to fetch"), "unreachable", true],
  ];
  for (const [answer, kind, mayBeTriedAgain] of cases) {
    const { api } = answering(answer);
    await assert.rejects(api.get("/x"), (error) => {
      assert.deepEqual([error.kind, error.mayBeTriedAgain], [kind, mayBeTriedAgain]);
      return true;
    });
  }
  assert.equal(await answering(json(204)).api.send("DELETE", "/x"), null);
});

test("a list is read page by page to its end", async () => {
  const { api, calls } = answering(json(200, { acts: [3, 2], before: 2 }), json(200, { acts: [1], before: null }));
  const how = { items: (page) => page.acts, next: (page) => page.before, as: "before" };
  const read = [];
  for await (const page of pages(api, "/audit", { limit: 2 }, how)) read.push(...page);
  assert.deepEqual(read, [3, 2, 1]);
  assert.deepEqual(calls.map(({ address }) => address.split("?")[1]), ["limit=2", "limit=2&before=2"]);
});

test("no two ids of calls are the same, and each is one that the API takes", () => {
  const keys = new Set(Array.from({ length: 1000 }, newKey));
  assert.equal(keys.size, 1000);
  for (const key of keys) assert.match(key, /^[!-~]{1,64}$/);
});
