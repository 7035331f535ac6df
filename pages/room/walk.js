/** From one chat to the next by the arrow keys, once the reply button of one has the focus; Escape leaves them. */

const STEPS = new Map([["ArrowUp", -1], ["ArrowDown", 1]]);

/** The log's keydown. Enter on the log itself goes to the newest chat. */
export function walk(event) {
  const log = event.currentTarget;
  const buttons = [...log.querySelectorAll(".reply:not([hidden])")];
  const at = buttons.indexOf(document.activeElement);
  if (event.key === "Enter" && event.target === log) focus(event, buttons.at(-1));
  else if (event.key === "Escape" && at >= 0) focus(event, log);
  else if (STEPS.has(event.key) && at >= 0) focus(event, buttons[at + STEPS.get(event.key)]);
}

function focus(event, one) {
  if (!one) return;
  event.preventDefault();
  one.focus();
}
