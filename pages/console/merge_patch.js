/** JSON merge patches (RFC 7396), with which properties of a room are changed. */

/** The patch that makes `wanted` of `present`, both JSON; undefined stands for "is not there". */
export function patchTo(present, wanted) {
  if (wanted === undefined) return null;
  if (!isObject(wanted) || !isObject(present)) return wanted;
  // An object is merged into the one that is there: what is to go is named with null.
  const made = new Map(Object.keys(present).filter((name) => !Object.hasOwn(wanted, name)).map((name) => [name, null]));
  for (const [name, value] of Object.entries(wanted)) made.set(name, patchTo(own(present, name), value));
  return Object.fromEntries(made);
}

function own(object, name) {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
