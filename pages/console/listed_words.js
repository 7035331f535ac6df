/** The words that are masked and rejected in all rooms, and a box to try a text against them. */

import { bdi, element } from "../shared/foreign.js";
import { button, field } from "./form_fields.js";
import { failure, words } from "./wording.js";

const TEXT_LENGTH = 500;
const VERDICTS = { rejected: "tryRejected", shown: "tryUnchanged", masked: "trySays" };

export class ListedWords {
  element = element("div", "stack");
  #api;
  #deeds;
  #outcomes;
  #mask = field("maskWords", { tag: "textarea", rows: 8, spellcheck: false });
  #reject = field("rejectWords", { tag: "textarea", rows: 5, spellcheck: false });
  #count = element("p", "quiet");
  #problem = element("p", "refused");
  #text = field("tryText", { maxLength: TEXT_LENGTH, autocomplete: "off" });
  #verdict = element("p", "verdict");
  #read = null; // the lists as they were read last

  constructor(api, deeds, outcomes) {
    [this.#api, this.#deeds, this.#outcomes] = [api, deeds, outcomes];
    this.#problem.setAttribute("role", "alert");
    this.#verdict.setAttribute("role", "status");
    const save = button("saveWords", () => this.#save(save), "primary");
    const form = element("form", "line-form");
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#try();
    };
    form.append(this.#text.place, element("button", "", words.say("tryIt")));
    // Whoever typed before the words are there would lose it to them.
    for (const { input } of [this.#mask, this.#reject]) {
      Object.assign(input, { oninput: () => this.#tell(), readOnly: true });
    }
    this.element.append(form, this.#verdict, this.#mask.place, this.#reject.place, this.#count, this.#problem, save);
  }

  /** Read the words; what is being typed stays. */
  async refresh() {
    const found = await this.#api.get("/words");
    if (this.#isChanged) return;
    this.#fill(found);
  }

  get #typed() {
    return { mask: lines(this.#mask.input.value), reject: lines(this.#reject.input.value) };
  }

  get #isChanged() {
    return this.#read !== null && !isSame(this.#typed, this.#read);
  }

  #fill(lists) {
    this.#read = lists;
    for (const { input } of [this.#mask, this.#reject]) input.readOnly = false;
    this.#mask.input.value = lists.mask.join("\n");
    this.#reject.input.value = lists.reject.join("\n");
    this.#tell();
  }

  #tell() {
    const { mask, reject } = this.#typed;
    this.#count.textContent = words.say("wordCount", { count: mask.length + reject.length });
  }

  async #save(save) {
    save.disabled = true;
    this.#problem.textContent = "";
    try {
      const there = await this.#api.get("/words");
      if (!isSame(there, this.#read)) {
        this.#read = there; // so the next press means it
        this.#problem.textContent = words.say("wordsChanged");
        return;
      }
      const typed = this.#typed;
      await this.#outcomes.attempt(this.#deeds.words(typed, there), { isTold: true });
      this.#read = typed;
    } catch (error) {
      this.#problem.textContent = failure(error);
    } finally {
      save.disabled = false;
    }
  }

  async #try() {
    const text = this.#text.input.value;
    const isUnsaved = this.#isChanged;
    try {
      const body = { text, ...(isUnsaved && { words: this.#typed }) };
      const { text: masked, rejected } = await this.#api.send("POST", "/words/try", { body });
      const verdict = rejected ? "rejected" : masked === text ? "shown" : "masked";
      const said = words.parts(VERDICTS[verdict], { said: bdi(masked) });
      this.#verdict.replaceChildren(...said, ...(isUnsaved ? [" ", words.say("tryUnsaved")] : []));
      this.#verdict.dataset.verdict = verdict;
    } catch (error) {
      this.#verdict.replaceChildren(failure(error));
      this.#verdict.dataset.verdict = "failed";
    }
  }
}

/** The lines of a text that are not empty, each once. */
export function lines(value) {
  return [...new Set(value.split(/\r?\n/).filter((line) => line.trim() !== ""))];
}

function isSame(one, other) {
  return JSON.stringify([one.mask, one.reject]) === JSON.stringify([other.mask, other.reject]);
}
