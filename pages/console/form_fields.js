/** Fields of forms: a label with its input, each made once. */

import { element } from "../shared/foreign.js";
import { words } from "./wording.js";

let made = 0;

/** A labelled input. `key`: of the label's text. `options`: properties of the input; `tag`: input, textarea, select. */
export function field(key, { tag = "input", ...options } = {}) {
  const input = Object.assign(element(tag, ""), { id: `field-${++made}`, dir: "auto", ...options });
  const label = Object.assign(element("label", "", words.say(key)), { htmlFor: input.id });
  const place = element("div", "field");
  place.append(label, input);
  return { place, input };
}

/** A button. `key`: of its text. */
export function button(key, act, className = "") {
  const one = Object.assign(element("button", className, words.say(key)), { type: "button" });
  one.onclick = act;
  return one;
}

/** A choice among `[value, text]`. */
export function choices(select, options) {
  select.replaceChildren(...options.map(([value, text]) => Object.assign(element("option", "", text), { value })));
}

export function heading(key) {
  return element("h2", "", words.say(key));
}
