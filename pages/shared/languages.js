/** The language of the page, and its words in it: English, or simplified Chinese. */

import en from "./words/en.js";
import zh from "./words/zh-CN.js";

const LANGUAGES = ["en", "zh-CN"];
// Attributes of an element that have words: `data-words-placeholder="key"` fills the placeholder.
const ATTRIBUTES = ["placeholder", "title", "aria-label"];

/** What the address asks for by `?lang=`, else the first of the browser's languages that there is, else English. */
export const language = found([new URLSearchParams(location.search).get("lang"), ...navigator.languages]);

/** For numbers and times: the browser's own region, if it is of that language. */
export const locale = isOf(language, navigator.language) ? navigator.language : language;

const PLURALS = new Intl.PluralRules(language);
const NUMBERS = new Intl.NumberFormat(locale);

function found(tags) {
  for (const tag of tags) {
    const one = LANGUAGES.find((known) => isOf(known, tag));
    if (one) return one;
  }
  return "en";
}

/** Whether a tag, such as en-GB, is of a language. */
function isOf(known, tag) {
  return known.slice(0, 2) === String(tag ?? "").slice(0, 2).toLowerCase();
}

/** A count, with the separators of the language. */
export function counted(count) {
  return NUMBERS.format(count);
}

export class Words {
  #table;

  /** `tables`: by language, the texts by their keys. Each language has the same keys. */
  constructor(tables) {
    this.#table = new Map(Object.entries(tables[language]));
  }

  /** Whether there is a text with this key, which may come from others. */
  has(key) {
    return this.#table.has(key);
  }

  /** The text, with `values` in the place of {their names}. `count` chooses the form, and is written as a number. */
  say(key, values = {}) {
    return this.parts(key, values).join("");
  }

  /** The same in parts, so that a value may be an element, such as a <bdi> with a name. */
  parts(key, values = {}) {
    const entry = this.#table.get(key);
    if (entry === undefined) throw new Error(`there is no text ${key}`);
    const form = typeof entry === "string" ? entry : (entry[PLURALS.select(values.count)] ?? entry.other);
    return form.split(/\{(\w+)\}/).map((part, at) => (at % 2 ? shown(part, values[part]) : part));
  }

  /** Write the words into the elements below `root` that name them: `data-words="key"`, `data-words-title="key"`. */
  fill(root = document) {
    for (const one of root.querySelectorAll("[data-words]")) one.textContent = this.say(one.dataset.words);
    for (const attribute of ATTRIBUTES) {
      const named = `data-words-${attribute}`;
      for (const one of root.querySelectorAll(`[${named}]`)) {
        one.setAttribute(attribute, this.say(one.getAttribute(named)));
      }
    }
    document.documentElement.lang = language;
  }
}

function shown(name, value) {
  return name === "count" ? counted(value) : value;
}

/** The words of every page. */
export const words = new Words({ en, "zh-CN": zh });
