/** The addresses of a stage, from answers that a server may give to a request for /stage.json. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { stageAddresses } from "../../pages/shared/stage_addresses.js";

const OWN = { websocket: "wss://page.example/websocket", api: "https://page.example" };

/** The addresses that a page at `origin` finds, where the server answers as `answer` does. */
function found(answer, origin = "https://page.example") {
  return stageAddresses({ fetch: async (address, options) => answer(String(address), options), location: { origin } });
}

const json = (value, options) => () => new Response(JSON.stringify(value), options);

test("the file names both addresses", async () => {
  const asked = [];
  const addresses = await found((address) => {
    asked.push(address);
    return json({ websocket: "wss://rooms.example/websocket", api: "https://api.example" })();
  });

  assert.deepEqual(addresses, { websocket: "wss://rooms.example/websocket", api: "https://api.example" });
  assert.deepEqual(asked, ["https://page.example/stage.json"]);
});

test("without the file both are at the page's own origin", async () => {
  assert.deepEqual(await found(() => new Response("Not Found", { status: 404 })), OWN);
  assert.deepEqual(await found(json({ websocket: "wss://rooms.example/websocket" }, { status: 503 })), OWN);
});

test("a page without TLS has addresses without TLS", async () => {
  assert.deepEqual(await found(() => new Response("", { status: 404 }), "http://127.0.0.1:8000"), {
    websocket: "ws://127.0.0.1:8000/websocket", api: "http://127.0.0.1:8000",
  });
});

test("an address that is not named is the page's own", async () => {
  const websocket = "wss://rooms.example/websocket";
  assert.deepEqual(await found(json({ websocket })), { ...OWN, websocket });
  assert.deepEqual(await found(json({ api: "https://api.example/" })), { ...OWN, api: "https://api.example" });
});

test("an address may be relative to the page's origin", async () => {
  assert.deepEqual(await found(json({ websocket: "/live", api: "/v1/" })), {
    websocket: "wss://page.example/live", api: "https://page.example/v1",
  });
});

test("what cannot be an address is the page's own", async () => {
  for (const wrong of [null, 7, "", {}, [], "javascript:alert(1)", "data:,a", "https://", "wss://a b/"]) {
    assert.deepEqual(await found(json({ websocket: wrong, api: wrong })), OWN, String(wrong));
  }
});

test("a file that cannot be read says nothing", async () => {
  for (const body of ["", "{", "<html>", "null", "7", '"text"', "[]"]) {
    assert.deepEqual(await found(() => new Response(body)), OWN, body);
  }
});

test("without the network, and without an answer in time, both are the page's own", async () => {
  assert.deepEqual(await found(() => Promise.reject(new TypeError("Failed to fetch"))), OWN);
  let given;
  await found((_, { signal }) => {
    given = signal;
    return json({})();
  });
  assert.ok(given instanceof AbortSignal);
});
