/**
 * The addresses of the stage that a page belongs to.
 *
 * `/stage.json` names them: `{"websocket": "wss://rooms.example/websocket", "api": "https://rooms.example"}`. Either may
 * be relative to the page's origin. An address that the file does not name, or names wrongly, is the page's own origin:
 * so is each if there is no such file, or it does not come in time.
 */

const FILE = "/stage.json";
const TIMEOUT_MS = 5000;

/**
 * @param {{ fetch?: typeof globalThis.fetch, location?: { origin: string } }} [environment] by default the browser's own
 * @returns {Promise<{ websocket: string, api: string }>} absolute addresses, without a slash at their end
 */
export async function stageAddresses({ fetch = globalThis.fetch, location = globalThis.location } = {}) {
  const { websocket, api } = await named(fetch, location.origin);
  return {
    websocket: absolute(websocket, location.origin, "ws") ?? absolute("/websocket", location.origin, "ws"),
    api: absolute(api, location.origin, "http") ?? location.origin,
  };
}

/** What the file says: an object, empty if it says nothing that can be read. */
async function named(fetch, origin) {
  try {
    const answer = await fetch(new URL(FILE, origin), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) return {};
    return Object(await answer.json());
  } catch {
    return {};
  }
}

/** The address with the scheme `kind`, or its form with TLS; undefined if it cannot be one. */
function absolute(address, origin, kind) {
  if (typeof address !== "string" || address === "") return undefined;
  let url;
  try {
    url = new URL(address, origin);
  } catch {
    return undefined;
  }
  const scheme = /^(?:http|ws)(s?):$/.exec(url.protocol);
  if (!scheme) return undefined;
  return `${kind}${scheme[1]}://${url.host}${url.pathname}`.replace(/\/+$/, "");
}
