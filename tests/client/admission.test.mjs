/** What the library makes of the HTTP API's answer to why a connection was refused. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { settled } from "./fakes.mjs";
import { cutAndRetry, inside, viewer } from "./viewer.mjs";

const DAY = 86_400_000;
const ADMITTED = { admitted: true, status: 101, reason: null };
const denied = (reason, fields = {}) => ({ admitted: false, status: 403, reason, message: `because ${reason}`, ...fields });

/**
 * The HTTP API of rooms without a gallery. It answers in turn why a viewer is refused, the last answer ever after. An
 * answer is a body, a status, or an error.
 */
function api(...answers) {
  const asked = [];
  const fetch = async (url, options) => {
    if (url.endsWith("/place")) return { status: 200, json: async () => ({ lane: "seat" }) };
    asked.push({ url: new URL(url), ...options });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    if (answer === "never") return new Promise(() => {});
    const status = typeof answer === "number" ? answer : 200;
    return { status, json: async () => JSON.parse(status === 200 ? JSON.stringify(answer) : "<html>") };
  };
  return { asked, options: { api: "https://api.example/", fetch } };
}

/** A viewer whose first handshake was refused, after the API has answered. */
async function refused(it) {
  it.room.connect();
  await settled();
  it.last().cut();
  await settled();
  return it.of("state").at(-1);
}

test("the API is asked about this viewer, with the token as a bearer and never in the address", async () => {
  const { asked, options } = api(ADMITTED);
  const it = viewer({ ...options, userId: "u 1", avatar: "a&b", attributes: { level: "12" }, token: "t0" });
  await refused(it);

  assert.equal(asked.length, 1);
  const [{ url, headers }] = asked;
  assert.equal(url.origin + url.pathname, "https://api.example/api/activities/42/admission");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    username: "alice", userId: "u 1", avatar: "a&b", attributes: '{"level":"12"}',
  });
  assert.deepEqual(headers, { Authorization: "Bearer t0" });
});

test("what an address says is asked as if it stood in the options", async () => {
  const nothing = { activityId: undefined, username: undefined };
  for (const [address, asks, bearer] of [
    ["wss://x.example/websocket?activityId=7&token=t1&avatar=a%20b", "/api/activities/7/admission?avatar=a%20b", "Bearer t1"],
    ["wss://x.example/websocket/8/al%20ice?userId=u&username=no&activityId=9", "/api/activities/8/admission?username=al%20ice&userId=u", undefined],
  ]) {
    const { asked, options } = api(ADMITTED);
    await refused(viewer({ ...options, ...nothing, url: address }));
    assert.equal(asked[0].url.pathname + asked[0].url.search, asks);
    assert.equal(asked[0].headers.Authorization, bearer);
  }
});

test("nobody is asked without an api, nor while a connection holds", async () => {
  const { asked, options } = api(ADMITTED);
  const without = viewer({ fetch: options.fetch });
  assert.deepEqual(await refused(without), { name: "waiting", delayMs: 250, lost: false });
  const it = await inside(options, { heartbeatSeconds: 1e6 });
  await it.clock.pass(105 * 60_000); // the next connection is being made beside this one
  it.last().cut();
  await settled();
  assert.equal(it.sockets.length, 2);

  assert.equal(asked.length, 0);
});

for (const reason of ["origin", "bad_field", "name_missing", "name_rejected", "token_missing", "token_invalid", "token_expired", "token_other_room"]) {
  test(`a refusal for ${reason} ends it, until the application connects again`, async () => {
    const { asked, options } = api(denied(reason));
    const it = viewer({ ...options, token: "t0" });
    const state = await refused(it);
    const said = assert.rejects(it.room.say("hello"), { code: "closed" });
    await it.clock.pass(DAY);
    await said;

    assert.deepEqual(state, { name: "closed", reason, message: `because ${reason}` });
    assert.deepEqual([asked.length, it.sockets.length, it.clock.idle], [1, 1, true]);
    await refused(it);
    assert.equal(it.sockets.length, 2);
  });
}

for (const reason of ["banned", "banned_everywhere"]) {
  test(`who is ${reason} for good stays away and is told why`, async () => {
    const { options } = api(denied(reason, { until: null, retryAfter: null, text: "spam" }));
    const it = viewer(options);
    assert.deepEqual(await refused(it), {
      name: "closed", reason, message: `because ${reason}`, until: null, text: "spam",
    });
    await it.clock.pass(DAY);
    assert.equal(it.sockets.length, 1);
  });

  test(`who is ${reason} for a while waits until it is over, and tries once`, async () => {
    const { options } = api(denied(reason, { until: 17_000, retryAfter: 600, text: null }));
    const it = viewer(options);
    assert.deepEqual(await refused(it), {
      name: "waiting", delayMs: 600_500, lost: false, reason, message: `because ${reason}`, until: 17_000, retryAfter: 600,
    });
    await it.clock.pass(600_499);
    assert.equal(it.sockets.length, 1);
    await it.clock.pass(1);
    assert.equal(it.sockets.length, 2);
    it.last().welcome();
    assert.equal(it.of("state").at(-1).name, "open");
  });
}

test("a ban of a month is waited for in steps that timers can hold", async () => {
  const { options } = api(denied("banned", { until: 1, retryAfter: 2_592_000 }));
  const it = viewer(options);
  await refused(it);
  assert.ok(Math.max(...it.clock.waits) < 2 ** 31);
});

test("who comes too often waits as long as the room says", async () => {
  const { options } = api(denied("too_often", { retryAfter: 5 }));
  const it = viewer(options);
  const { delayMs, reason, retryAfter } = await refused(it);
  assert.deepEqual([delayMs, reason, retryAfter], [5500, "too_often", 5]);
});

test("looking again does not shorten what the room has told, but every other wait", async () => {
  for (const [answer, sockets] of [[denied("banned", { until: 1, retryAfter: 60 }), 1], [new Error("down"), 2]]) {
    let wake;
    const { options } = api(answer);
    const it = viewer({ ...options, onWake: (act) => ((wake = act), () => {}) });
    await refused(it);
    wake();
    await settled();
    assert.equal(it.sockets.length, sockets);
  }
});

for (const [answer, reason] of [
  [new TypeError("Failed to fetch"), "unreachable"],
  [503, "unavailable"],
  [500, "unavailable"],
  [404, "unavailable"],
  [429, "unavailable"],
  [null, "unavailable"],
  [{ admitted: "no" }, "unavailable"],
  [denied(7), "unavailable"],
  [403, "wrong_address"],
  [ADMITTED, "handshake_failed"],
  [denied("token_not_yet_valid"), "token_not_yet_valid"],
  [denied("something of the future"), "something of the future"],
]) {
  test(`an API that answers ${JSON.stringify(answer) ?? answer} (${reason}) is no reason to give up`, async () => {
    const { asked, options } = api(answer);
    const it = viewer({ ...options, token: "t0" });
    const { name, delayMs, reason: told } = await refused(it);
    assert.deepEqual([name, delayMs, told], ["waiting", 250, reason]);
    for (const wait of [250, 500, 1000]) {
      await it.clock.pass(wait);
      it.last().cut();
      await settled();
    }

    assert.deepEqual([asked.length, it.sockets.length], [4, 4]);
    assert.equal(it.of("state").at(-1).name, "waiting");
  });
}

test("an address that is no room's is not tried again", async () => {
  assert.deepEqual(await refused(viewer(api(400).options)), { name: "closed", reason: "bad_field" });
});

test("an API that never answers is given up after ten seconds", async () => {
  const { options } = api("never");
  const it = viewer(options);
  assert.equal((await refused(it)).name, "connecting");
  await it.clock.pass(9_999);
  assert.equal(it.of("state").at(-1).name, "connecting");
  await it.clock.pass(1);
  assert.deepEqual(it.of("state").at(-1), { name: "waiting", delayMs: 250, lost: false, reason: "unreachable" });
});

test("an answer that comes after the viewer has left changes nothing", async () => {
  let answer;
  const it = viewer({ api: "https://api.example", gallery: false, fetch: () => new Promise((resolve) => (answer = resolve)) });
  await refused(it);
  it.room.close();
  answer({ status: 200, json: async () => denied("banned", { until: null }) });
  await it.clock.pass(DAY);

  assert.deepEqual(it.of("state").at(-1), { name: "closed", reason: "closed" });
  assert.equal(it.clock.idle, true);
});

test("a function is asked for another token once, before its tokens are given up", async () => {
  let count = 0;
  const { asked, options } = api(denied("token_expired"));
  const it = viewer({ ...options, token: () => `t${(count += 1)}` });
  assert.equal((await refused(it)).name, "waiting");
  await it.clock.pass(250);
  it.last().cut();
  await settled();

  assert.deepEqual(asked.map(({ headers }) => headers.Authorization), ["Bearer t1", "Bearer t2"]);
  assert.deepEqual(it.of("state").at(-1), { name: "closed", reason: "token_expired", message: "because token_expired" });
});

test("a function's fresh token lets the viewer in, and the next one that expires has its chance, too", async () => {
  const { options } = api(denied("token_expired"));
  const it = viewer({ ...options, token: () => "t" });
  await refused(it);
  for (let time = 0; time < 3; time += 1) {
    await it.clock.pass(30_000);
    it.last().welcome();
    await cutAndRetry(it);
    it.last().cut();
    await settled();
    assert.equal(it.of("state").at(-1).name, "waiting");
  }
});

test("a function that gives no token in time is the reason, and the API is not asked about nobody", async () => {
  const { asked, options } = api(denied("token_missing"));
  const it = viewer({ ...options, token: () => new Promise(() => {}) });
  it.room.connect();
  await it.clock.pass(30_000);

  assert.deepEqual([it.of("state").at(-1).name, it.of("state").at(-1).reason], ["waiting", "token_unavailable"]);
  assert.equal(asked.length, 0);
});

test("an api that cannot be asked is known at once", () => {
  const fetch = async () => ({});
  for (const [options, message] of [
    [{ api: "ftp://x.example", fetch }, /api begins with https/],
    [{ api: "no address", fetch }, TypeError],
    [{ api: 7, fetch }, /api begins with https/],
    [{ api: "https://x.example/?a=b", fetch }, /without a query/],
    [{ api: "https://x.example", fetch: null }, /options\.fetch/],
    [{ api: "https://x.example", fetch, activityId: undefined }, /name the room/],
    [{ onWake: 7 }, /onWake/],
  ]) {
    assert.throws(() => viewer(options), message instanceof RegExp ? { name: "TypeError", message } : message);
  }
});
