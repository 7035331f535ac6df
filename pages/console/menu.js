/** The menu of a user, or of one message: what can be done about them, and why. */

import { bdi, element, prose } from "../shared/foreign.js";
import { button, field } from "./form_fields.js";
import { failure, words } from "./wording.js";

const REASON_LENGTH = 200;

export class Menu {
  #dialog;
  #deeds;
  #outcomes;
  #caller;
  #inForce;
  /** Called with a userId whose messages alone are to be shown. */
  ononly = () => {};

  constructor(dialog, { deeds, outcomes, caller, inForce }) {
    dialog.onclick = ({ target }) => target === dialog && dialog.close();
    // The focus goes back to the message, which holds the chat. A finger would not know how to let it go.
    dialog.onclose = () => matchMedia("(hover: none)").matches && document.activeElement?.blur();
    this.#dialog = dialog;
    [this.#deeds, this.#outcomes, this.#caller, this.#inForce] = [deeds, outcomes, caller, inForce];
  }

  /** Open it about `user`, `{ id, name }`, and the message `seq` that says `said`; either may be undefined. */
  open({ user, seq, said }) {
    const reason = field("reason", { maxLength: REASON_LENGTH, autocomplete: "off" });
    const problem = element("p", "refused");
    problem.setAttribute("role", "alert");
    const title = Object.assign(element("h2", ""), { id: "menu-name" });
    title.append(bdi(user?.name ?? words.say("noticeTag")));
    const choicesPlace = element("div", "choices");
    const why = () => reason.input.value.trim();
    choicesPlace.append(...this.#choices(user, seq, said, why).map((one) => this.#choice(one, problem)));
    const parts = [title];
    if (user) parts.push(element("p", "quiet", words.say("userId", { id: user.id })));
    if (said) parts.push(prose("p", "quoted", said));
    if (user && this.#may("moderate")) parts.push(reason.place);
    parts.push(problem, choicesPlace, button("close", () => this.#dialog.close()));
    this.#dialog.replaceChildren(...parts);
    this.#dialog.showModal();
    choicesPlace.querySelector("button")?.focus();
  }

  /** `[key of the text, deed, whether it cannot be undone]`, or an act of the page alone. */
  #choices(user, seq, said, why) {
    const only = user ? [["onlyUser", () => this.ononly(user.id)]] : [];
    if (!this.#may("moderate")) return only;
    const of = user && { name: user.name, said };
    const made = seq === undefined ? [] : [["removeThis", () => this.#deeds.remove(seq, of)]];
    if (!user) return made;
    const isMuted = this.#inForce("muted", user.id), isBanned = this.#inForce("banned", user.id);
    made.push(
      ["mute1", () => this.#deeds.mute(user, 60, why())],
      ["mute10", () => this.#deeds.mute(user, 600, why())],
      ["mute60", () => this.#deeds.mute(user, 3600, why())],
      ...(isMuted ? [["unmute", () => this.#deeds.unmute(user)]] : []),
      ["kick", () => this.#deeds.kick(user, why()), true],
      ["ban60", () => this.#deeds.ban(user, 3600, why())],
      ["ban", () => this.#deeds.ban(user, null, why())],
      ...(isBanned ? [["unban", () => this.#deeds.unban(user)]] : []),
      ["removeAll", () => this.#deeds.removeAll(user), true],
      ["banRemove", () => this.#deeds.ban(user, null, why(), true), true],
      ...(this.#caller.platform ? [["banEverywhere", () => this.#deeds.banEverywhere(user, why())]] : []),
    );
    return [...made, ...only];
  }

  #choice([key, make, isFinal], problem) {
    const one = button(key, async () => {
      if (isFinal && !one.isArmed) {
        one.isArmed = true;
        one.classList.add("armed");
        one.textContent = `${words.say(key)} — ${words.say("pressAgain")}`;
        return;
      }
      const deed = make();
      if (!deed) return this.#dialog.close();
      one.disabled = true;
      try {
        // Kept open if it fails: the reason is not typed twice.
        await this.#outcomes.attempt(deed, { isTold: true });
        this.#dialog.close();
      } catch (error) {
        problem.textContent = failure(error);
      } finally {
        one.disabled = false;
      }
    });
    one.dataset.does = key;
    return one;
  }

  #may(capability) {
    return this.#caller.caps.includes(capability);
  }
}
