// The React sample on real sockets, in a project that has installed it: the arguments are an address, a room and a name. It
// says a text, and ends when the room has shown it.

import { createElement } from "react";
import renderer from "react-test-renderer";

import { Chat } from "./Chat.js";

globalThis.IS_REACT_ACT_ENVIRONMENT = true;
const { act } = renderer;
const [host, activityId, username] = process.argv.slice(2);
const options = { url: `ws://${host}/websocket`, api: `http://${host}`, activityId, username };

let shown;
await act(async () => {
  shown = renderer.create(createElement(Chat, { options }));
});
const textOf = (node) => (typeof node === "string" ? node : (node.children ?? []).map(textOf).join(""));
const of = (type) => shown.root.findAllByType(type).map((found) => textOf({ children: found.children.map(plain) }));
const plain = (node) => (typeof node === "string" ? node : { children: node.children.map(plain) });

/** Let the room go on until this holds. */
async function until(holds) {
  while (!holds()) await act(() => new Promise((later) => setTimeout(later, 10)));
}

await until(() => of("p")[0].includes("open") && of("p")[0].includes("1 watching"));
await act(async () => shown.root.findByType("input").props.onChange({ target: { value: "from React" } }));
await act(async () => shown.root.findByType("form").props.onSubmit({ preventDefault() {} }));
await until(() => of("li").length > 0 && shown.root.findByType("input").props.value === "");
await act(async () => shown.root.findAllByType("button")[1].props.onClick());
await until(() => of("button")[1].includes("1"));
console.log(JSON.stringify({ status: of("p")[0], chats: of("li"), like: of("button")[1] }));
await act(async () => shown.unmount());
