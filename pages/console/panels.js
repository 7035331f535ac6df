/** The panels beside the chat, one of them open, with a tab for each. The open one is read again every few seconds. */

import { element } from "../shared/foreign.js";
import { failure, words } from "./wording.js";

export class Panels {
  #tabs;
  #place;
  #panels = [];
  #open;
  #timer;

  constructor(tabs, place) {
    [this.#tabs, this.#place] = [tabs, place];
    tabs.onkeydown = (event) => this.#arrow(event);
    document.addEventListener("visibilitychange", () => !document.hidden && this.refresh());
  }

  /**
   * Add a panel: `key` is its name, and that of the tab's text. `part.element` is what it shows, `part.refresh()` reads
   * that again, every `everyMs` while the panel is open; without `everyMs` it is read when it is opened.
   */
  add(key, part, everyMs) {
    const tab = Object.assign(element("button", "tab", words.say(key)), { type: "button", id: `tab-${key}` });
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", `panel-${key}`);
    tab.onclick = () => this.open(key);
    const panel = Object.assign(element("div", `panel ${key}`), { id: `panel-${key}`, tabIndex: 0 });
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    const problem = element("p", "refused");
    problem.setAttribute("role", "status");
    panel.append(problem, part.element);
    this.#tabs.append(tab);
    this.#place.append(panel);
    this.#panels.push({ key, part, tab, panel, problem, everyMs });
    this.#show();
  }

  /** Open a panel; "chat" is that of the page itself, which a narrow window shows alone. */
  open(key) {
    this.#open = this.#panels.find((one) => one.key === key);
    document.body.dataset.panel = key;
    this.#show();
    this.refresh();
  }

  /** Read the open panel again. */
  async refresh() {
    clearTimeout(this.#timer);
    const { part, problem, everyMs } = this.#open ?? {};
    if (!part?.refresh || document.hidden) return;
    try {
      await part.refresh();
      problem.textContent = "";
    } catch (error) {
      const isAway = error.mayBeTriedAgain;
      problem.textContent = isAway ? words.say("notReached") : words.say("readFailed", { why: failure(error) });
    }
    if (this.#open?.part !== part || !everyMs) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), everyMs);
  }

  #show() {
    for (const one of this.#panels) {
      const isOpen = one === this.#open;
      one.panel.hidden = !isOpen;
      one.tab.setAttribute("aria-selected", String(isOpen));
      one.tab.tabIndex = isOpen || (!this.#open && one === this.#panels[0]) ? 0 : -1;
    }
  }

  #arrow(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const shown = this.#panels.filter(({ tab }) => tab.offsetParent !== null); // the chat's is for narrow windows
    const next = shown[(shown.indexOf(this.#open) + step + shown.length) % shown.length];
    this.open(next.key);
    next.tab.focus();
    event.preventDefault();
  }
}
