/** The token of this tab. It comes behind the # of an address, which no server and no log sees. */

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/; // what a subprotocol may be made of

/** The token of the address, or of an earlier load of this tab; undefined if there is none that could be one. */
export function keptToken() {
  // The tab's storage outlives a reload, and is not in the address, which people copy.
  let kept = new URLSearchParams(location.hash.slice(1)).get("token");
  try {
    if (kept) sessionStorage.setItem("token", kept);
    kept = sessionStorage.getItem("token");
  } catch {
    // The browser keeps nothing for this page: the token is good until it is left.
  }
  return kept && TOKEN.test(kept) ? kept : undefined;
}

export function forgetToken() {
  try {
    sessionStorage.removeItem("token");
  } catch {
    // Nothing was kept.
  }
}
