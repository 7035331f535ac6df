/** The keys of the console, and the dialog that tells them. */

import { element } from "../shared/foreign.js";
import { button } from "./form_fields.js";
import { words } from "./wording.js";

const KEYS = [
  ["j / k", "keyMove"], ["r", "keyRemove"], ["m", "keyMute"], ["b", "keyBan"], ["Enter", "keyMenu"], ["u", "keyUndo"],
  ["/", "keyFilter"], ["End", "keyEnd"], ["?", "keyHelp"],
];

/** Call what `acts` has under the key that is pressed, except where somebody types or a dialog is open. */
export function listen(acts) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input:not([type=button]), textarea, select")) return;
    // Enter and End are those of whatever else has the focus.
    if (["Enter", "End"].includes(event.key) && !event.target.matches?.(".row, .log, body")) return;
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** Show what the keys do. */
export function help(dialog) {
  const list = element("dl", "keys");
  for (const [key, said] of KEYS) list.append(element("dt", "", key), element("dd", "", words.say(said)));
  const title = Object.assign(element("h2", "", words.say("keysTitle")), { id: "keys-title" });
  dialog.replaceChildren(title, list, button("close", () => dialog.close()));
  dialog.onclick = ({ target }) => target === dialog && dialog.close();
  dialog.showModal();
}
