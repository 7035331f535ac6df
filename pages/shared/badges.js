/** What a platform says of a person beside the name, as badges. */

import { element, fields, prose, text } from "./foreign.js";
import { words } from "./languages.js";

const MOST = 4;
const LONGEST = 24;
const COLOUR = /^#[0-9a-f]{6}$/i;
// Of these the value says enough; of others the name stands before it.
const PLAIN = new Set(["role", "badge", "title"]);

/** A <span> for each attribute that can be drawn, up to a number; a level and a role come first. */
export function badges(attributes) {
  const { level, role, color, colour = color, ...others } = fields(attributes);
  const named = Object.entries({ role, level, ...others }).filter(([, value]) => isShown(value));
  const made = named.slice(0, MOST).map(([name, value]) => badge(name, value));
  if (named.length > MOST) made.push(element("span", "badge", `+${named.length - MOST}`));
  const tint = COLOUR.test(colour) ? colour : "";
  if (tint && made.length === 0) made.push(element("span", "badge dot"));
  for (const one of made) if (tint) one.style.setProperty("--badge", tint);
  return made;
}

function badge(name, value) {
  const shown = text(value, LONGEST);
  if (name === "level") return prose("span", "badge", words.say("level", { level: shown }));
  if (PLAIN.has(name)) return prose("span", "badge", shown);
  return prose("span", "badge", words.say("colon", { name: text(name, LONGEST), value: shown }));
}

function isShown(value) {
  return (typeof value === "string" && value.trim() !== "") || Number.isFinite(value);
}
