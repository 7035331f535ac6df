/** Notices and properties: a form with templates, a preview as viewers see it, and what is pinned now. */

import { card } from "../shared/card.js";
import { bdi, element, fields, listed } from "../shared/foreign.js";
import { button, choices, field, heading } from "./form_fields.js";
import { fill, rowsOf } from "./rows.js";
import { TEMPLATES, dataOf, longest, targets } from "./templates.js";
import { failure, words } from "./wording.js";

const HALF = new Set(["price", "currency"]); // two stand in a line

export class Publish {
  element = element("div", "stack");
  #api;
  #path;
  #deeds;
  #outcomes;
  #template = field("template", { tag: "select" });
  #name = field("name", { maxLength: 64, autocomplete: "off" });
  #inputs = new Map();
  #data = field("data", { tag: "textarea", rows: 5, spellcheck: false, dir: "ltr", value: '{"title": ""}' });
  #to = field("to", { tag: "textarea", rows: 2, spellcheck: false });
  #preview = element("div", "preview");
  #problem = element("p", "refused");
  #pinned = element("ul", "rows");
  #properties = {};

  constructor(api, activityId, deeds, outcomes) {
    [this.#api, this.#path] = [api, `/activities/${activityId}/properties`];
    [this.#deeds, this.#outcomes] = [deeds, outcomes];
    this.#problem.setAttribute("role", "alert");
    choices(this.#template.input, [...TEMPLATES.keys()].map((key) => [key, words.say(key)]));
    this.#template.input.onchange = () => this.#chosen();
    for (const name of new Set([...TEMPLATES.values()].flatMap((one) => one.fields))) {
      const tag = name === "text" ? { tag: "textarea", rows: 2 } : {};
      const made = field(name, { maxLength: longest(name), autocomplete: "off", ...tag });
      made.place.classList.toggle("half", HALF.has(name));
      this.#inputs.set(name, made);
    }
    const form = element("form", "stack");
    const send = element("button", "primary", words.say("sendNotice"));
    const pin = button("pin", () => this.#pin(pin));
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#send(send);
    };
    form.oninput = () => this.#draw();
    const buttons = element("div", "choices");
    buttons.append(send, pin);
    const all = [this.#template, this.#name, ...this.#inputs.values(), this.#data, this.#to];
    form.append(...all.map(({ place }) => place), heading("preview"), this.#preview, this.#problem, buttons);
    this.element.append(form, heading("pinned"), this.#pinned);
    this.#chosen();
  }

  async refresh() {
    this.show(await this.#api.get(this.#path));
  }

  /** The room's properties, as they are told. */
  show(properties) {
    this.#properties = fields(properties);
    const present = Object.entries(this.#properties).map(([name, value]) => ({ name, value }));
    fill(this.#pinned, rowsOf(present, ({ name, value }) => this.#row(name, value)), words.say("nothingPinned"));
  }

  get #which() {
    return this.#template.input.value;
  }

  #chosen() {
    const { fields: shown } = TEMPLATES.get(this.#which);
    for (const [name, { place }] of this.#inputs) place.hidden = !shown.includes(name);
    const isFree = this.#which === "free";
    for (const { place } of [this.#name, this.#data]) place.hidden = !isFree;
    this.#draw();
  }

  /** What is to be sent: a name and its data. Throws a SyntaxError for data that is no JSON. */
  #made() {
    if (this.#which !== "free") {
      const values = Object.fromEntries([...this.#inputs].map(([name, { input }]) => [name, input.value]));
      return { name: this.#which, data: dataOf(this.#which, values) };
    }
    const written = this.#data.input.value.trim();
    return { name: this.#name.input.value.trim(), data: written ? JSON.parse(written) : null };
  }

  #draw() {
    this.#problem.textContent = "";
    let offered = [];
    try {
      const { data } = this.#made();
      const shown = card(data);
      if (shown) offered = [shown];
      else if (data !== undefined && data !== null) offered = listed(typeof data === "object" ? data : { "": data });
    } catch {
      // It is said when it is sent: whoever is typing has no whole JSON yet.
    }
    this.#preview.replaceChildren(...(offered.length ? offered : [element("p", "quiet", words.say("emptyPreview"))]));
  }

  async #send(send) {
    await this.#try(send, ({ name, data }) => this.#deeds.notice(name, data ?? null, targets(this.#to.input.value)));
  }

  async #pin(pin) {
    await this.#try(pin, ({ name, data }) => {
      const property = TEMPLATES.get(this.#which).property || name;
      return this.#deeds.property(property, data, this.#present(property));
    });
  }

  async #try(pressed, deedOf) {
    pressed.disabled = true;
    try {
      this.#problem.textContent = "";
      // What was typed stays in the form, so that it may be changed and sent again.
      await this.#outcomes.attempt(deedOf(this.#made()), { isTold: true });
    } catch (error) {
      const isSyntax = error instanceof SyntaxError;
      this.#problem.textContent = isSyntax ? words.say("badJson", { why: error.message }) : failure(error);
    } finally {
      pressed.disabled = false;
    }
  }

  #present(name) {
    return Object.hasOwn(this.#properties, name) ? this.#properties[name] : undefined;
  }

  #row(name, value) {
    const row = element("li", "entry-row");
    const body = element("div", "body");
    const offered = card(value);
    const parts = offered ? [offered] : listed(typeof value === "object" ? (value ?? {}) : { "": value });
    body.append(bdi(name, "name"), ...parts);
    const remove = button("unpin", async () => {
      remove.disabled = true;
      await this.#outcomes.perform(this.#deeds.property(name, undefined, value));
      remove.disabled = false;
    });
    row.append(body, remove);
    return row;
  }
}
