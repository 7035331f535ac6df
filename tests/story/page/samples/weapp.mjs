// The sample mini-program in its sandbox, on real sockets: the arguments are an address, a room and a name. What a line of
// its input tells is called on the page ([method, ...arguments]), and each change of its data is a line of its output.

import { createInterface } from "node:readline";

import { miniProgram } from "../../../client/mini_program.mjs";

const SAMPLE = "client/examples/weapp";
const [host, room, name] = process.argv.slice(2);
const write = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

/** WeChat's `wx` over the sockets of Node.js. */
const wx = {
  connectSocket({ url, protocols }) {
    const socket = new WebSocket(url, [...protocols]);
    const on = (event, act) => socket.addEventListener(event, act);
    return {
      onOpen: (act) => on("open", () => act({})),
      onMessage: (act) => on("message", ({ data }) => act({ data })),
      onClose: (act) => on("close", ({ code, reason }) => act({ code, reason })),
      onError: (act) => on("error", () => act({ errMsg: "error" })),
      send: ({ data }) => socket.send(data),
      close: ({ code }) => socket.close(code),
    };
  },
  request({ url, method, data, header, success, fail }) {
    fetch(url, { method, body: data, headers: { ...header } }).then(
      async (answer) => {
        const text = await answer.text();
        success({ statusCode: answer.status, header: Object.fromEntries(answer.headers), data: text && JSON.parse(text) });
      },
      (error) => fail({ errMsg: String(error) }),
    );
  },
  showToast: ({ title }) => write({ toast: title }),
  onAppShow() {},
  onAppHide() {},
  onNetworkStatusChange() {},
};

let page;
const Page = (made) => (page = made);
const program = miniProgram({ wx, Page, App: () => {} });
program.put(`${SAMPLE}/lib/live.js`, "client/live.js");
program.put(`${SAMPLE}/lib/weapp.js`, "client/weapp.js");
program.put(`${SAMPLE}/config.js`, { url: `ws://${host}/websocket`, api: `http://${host}` });
program.load(`${SAMPLE}/app.js`);
program.load(`${SAMPLE}/pages/room/room.js`);

page.setData = (change) => {
  page.data = { ...page.data, ...change };
  write(page.data);
};
page.onLoad({ room, name });
for await (const line of createInterface({ input: process.stdin })) {
  const [method, ...given] = JSON.parse(line);
  page[method](...given);
}
page.onUnload();
