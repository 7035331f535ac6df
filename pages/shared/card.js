/** A product, a coupon or an announcement that a producer sent: a notice's data, or a property of a room. */

import { element, fields, prose, text } from "./foreign.js";
import { locale, words } from "./languages.js";

const LONGEST_TITLE = 200;
const LONGEST_LINK = 2000;

/**
 * `value` as a card, if it is an object with a title, text, picture, price, code or link; else null. Of a card other
 * fields are left out.
 */
export function card(value) {
  const { title, text: said, picture, price, currency, code, link } = fields(value);
  const parts = [
    image(picture),
    line("card-title", title, LONGEST_TITLE),
    line("card-text", said),
    line("card-price", cost(price, currency), LONGEST_TITLE),
    line("card-code", code, LONGEST_TITLE),
    anchor(link),
  ].filter(Boolean);
  if (parts.length === 0) return null;
  const made = element("div", "offer");
  made.append(...parts);
  return made;
}

function line(className, value, most) {
  const isText = (typeof value === "string" && value.trim() !== "") || Number.isFinite(value);
  return isText ? prose("p", className, text(value, most)) : null;
}

/** With its currency, if that is a code of ISO 4217; a text as it is. */
function cost(price, currency) {
  if (!Number.isFinite(price) || !/^[A-Z]{3}$/.test(currency)) return price;
  return new Intl.NumberFormat(locale, { style: "currency", currency }).format(price);
}

function image(picture) {
  const address = web(picture);
  if (!address) return null;
  const made = element("img", "card-picture");
  Object.assign(made, { alt: "", loading: "lazy", referrerPolicy: "no-referrer" });
  made.onerror = () => made.remove();
  made.src = address; // last, since loading begins with it
  return made;
}

function anchor(link) {
  const address = web(link);
  if (!address) return null;
  const { host } = new URL(address);
  const made = element("a", "card-link", words.say("open", { host }));
  return Object.assign(made, { href: address, target: "_blank", rel: "noopener noreferrer" });
}

/** The address, if it is one of https or of this origin: no other may be loaded, and none may be a script. */
export function web(value) {
  if (typeof value !== "string" || value === "" || value.length > LONGEST_LINK) return "";
  try {
    const { protocol, origin, href } = new URL(value, location.href);
    return protocol === "https:" || (protocol === "http:" && origin === location.origin) ? href : "";
  } catch {
    return "";
  }
}
