/** What a host sends or pins: a product, a coupon, an announcement, or anything else, made of a form's fields. */

/** The fields of each template, in the order of the form, with the name that a notice or property has by it. */
export const TEMPLATES = new Map([
  ["product", { property: "pinned", fields: ["title", "text", "picture", "price", "currency", "link"] }],
  ["coupon", { property: "coupon", fields: ["title", "text", "code", "link"] }],
  ["announcement", { property: "announcement", fields: ["title", "text", "link"] }],
  ["free", { property: "", fields: [] }],
]);
const LONGEST = { title: 200, text: 500, picture: 512, price: 32, currency: 3, code: 64, link: 512 };

/** How many characters a field may have. */
export function longest(name) {
  return LONGEST[name];
}

/** The data of a template: its fields that are not empty; undefined if all are. A price that is a number is one. */
export function dataOf(template, values) {
  const filled = TEMPLATES.get(template).fields.map((name) => [name, String(values[name] ?? "").trim()]);
  const data = Object.fromEntries(filled.filter(([, value]) => value !== ""));
  if ("price" in data && /^\d{1,12}([.,]\d{1,4})?$/.test(data.price)) data.price = Number(data.price.replace(",", "."));
  if ("currency" in data) data.currency = data.currency.toUpperCase();
  return Object.keys(data).length ? data : undefined;
}

/** The userIds of a text, one a line. */
export function targets(value) {
  return [...new Set(String(value).split(/\r?\n/).map((line) => line.trim()).filter(Boolean))];
}
