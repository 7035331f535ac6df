/** Who the viewer is where no token says so: a userId of this tab's own behind the name, so that two may have the name. */

const KEY = "userId";

/** The userId of this tab, which outlives a reload. */
export function tabUserId() {
  const fresh = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0"));
  const made = `tab-${fresh.join("")}`;
  try {
    const kept = sessionStorage.getItem(KEY);
    if (/^tab-[0-9a-f]{24}$/.test(kept)) return kept;
    sessionStorage.setItem(KEY, made);
  } catch {
    // The browser keeps nothing for this page: a reload is another user.
  }
  return made;
}
