/** A room's slow mode, and whether it is frozen. */

import { fields } from "../shared/foreign.js";
import { choices } from "./form_fields.js";
import { isSpan, span, words } from "./wording.js";

const STEPS = [0, 3, 5, 10, 30, 60, 120];

export class RulesForm {
  #slow;
  #freeze;
  #present = { slowModeSeconds: 0, frozen: false };

  /** `onchange` is called with the change and the settings before it; it returns whether the change was made. */
  constructor(slow, freeze, onchange) {
    [this.#slow, this.#freeze] = [slow, freeze];
    const change = async (wanted) => {
      for (const one of [slow, freeze]) one.disabled = true;
      if (await onchange(wanted, this.#present)) this.#present = { ...this.#present, ...wanted };
      for (const one of [slow, freeze]) one.disabled = false;
      this.#draw();
    };
    slow.onchange = () => change({ slowModeSeconds: Number(slow.value) });
    freeze.onclick = () => change({ frozen: !this.#present.frozen });
    this.#draw();
  }

  /** The settings as the room tells them. */
  show(settings) {
    const { slowModeSeconds, frozen } = fields(settings);
    this.#present = { slowModeSeconds: isSpan(slowModeSeconds) ? slowModeSeconds : 0, frozen: frozen === true };
    this.#draw();
  }

  #draw() {
    const { slowModeSeconds, frozen } = this.#present;
    const steps = [...new Set([...STEPS, slowModeSeconds])].sort((a, b) => a - b);
    choices(this.#slow, steps.map((seconds) => [seconds, seconds ? span(seconds) : words.say("off")]));
    this.#slow.value = String(slowModeSeconds);
    this.#freeze.ariaPressed = String(frozen);
    this.#freeze.textContent = words.say(frozen ? "unfreeze" : "freeze");
  }
}
