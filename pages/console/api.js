/** The HTTP API of the rooms, as this page's token may use it. */

/** A call was not answered as asked. `kind` says what happened: a key of the words, such as `forbidden`. */
export class ApiError extends Error {
  constructor(kind, { status = 0, code = "", message = "" } = {}) {
    super(message || kind);
    this.name = "ApiError";
    Object.assign(this, { kind, status, code });
  }

  /** Whether the same call may succeed a moment later; nobody may know whether it has taken effect. */
  get mayBeTriedAgain() {
    return ["unreachable", "busy", "away"].includes(this.kind);
  }
}

const KINDS = new Map([
  [400, "wrong"], [401, "unauthorized"], [403, "forbidden"], [404, "unknown"], [405, "unknown"], [409, "conflict"],
  [413, "tooLarge"], [429, "busy"], [502, "away"], [503, "away"], [504, "away"],
]);
const TIMEOUT_MS = 20_000; // a call has 15 seconds there

export class Api {
  #base;
  #token;
  #fetch;

  /** `base`: the address in front of `/api/`. */
  constructor(base, token, fetch = (...of) => globalThis.fetch(...of)) {
    this.#base = base;
    this.#token = token;
    this.#fetch = fetch;
  }

  /** What GET answers; `query` without what is null or undefined. Raises ApiError, as all do. */
  get(path, query = {}) {
    return this.#call("GET", path, { query });
  }

  /** As `get`, of a call that changes something. `key`: the same for each attempt at it. */
  send(method, path, { query = {}, body, key } = {}) {
    return this.#call(method, path, { query, body, key });
  }

  async #call(method, path, { query, body, key }) {
    const headers = {};
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    if (key) headers["Idempotency-Key"] = key;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    const address = `${this.#base}/api${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
    const options = { method, headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) };
    if (body !== undefined) options.body = JSON.stringify(body);
    let answer;
    try {
      answer = await this.#fetch(address, options);
    } catch (error) {
      throw new ApiError("unreachable", { message: String(error?.message ?? error) });
    }
    return this.#read(answer);
  }

  async #read(answer) {
    let said;
    try {
      said = answer.status === 204 ? null : await answer.json();
    } catch {
      said = undefined; // a proxy's page, or a connection that broke
    }
    if (answer.ok && said !== undefined) return said;
    const { error, message } = Object(said);
    const kind = answer.ok ? "away" : (KINDS.get(answer.status) ?? "failed");
    const about = { status: answer.status, code: String(error ?? ""), message: String(message ?? "").slice(0, 500) };
    throw new ApiError(kind, about);
  }
}

/** An id for one call, to be given again if the call is made again. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Every page of a list, in the order of the API: `items` and `next` read an answer. */
export async function* pages(api, path, query, { items, next, as }) {
  let from;
  do {
    const page = await api.get(path, { ...query, [as]: from });
    yield items(page);
    from = next(page);
  } while (from !== null && from !== undefined);
}
