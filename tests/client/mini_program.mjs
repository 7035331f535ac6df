/**
 * A mini-program: a sandbox with what WeChat gives one, and nothing else. Its files are compiled as WeChat's tools do it:
 * by Babel 7 with preset-env, for Chrome 53 and iOS 8; modules become CommonJS.
 * https://developers.weixin.qq.com/miniprogram/dev/framework/runtime/js-support.html
 * https://developers.weixin.qq.com/miniprogram/dev/devtools/codecompile.html
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const babel = createRequire(join(ROOT, ".client/node_modules/"))("@babel/standalone");

const PRESETS = [["env", { targets: { chrome: "53", ios: "8" }, modules: "commonjs" }]];
const compiled = new Map();
// What a browser or Node.js has, and a mini-program has not.
export const MISSING = [
  "URL", "URLSearchParams", "performance", "crypto", "TextEncoder", "AbortController", "fetch", "WebSocket",
  "addEventListener", "navigator", "document", "window", "location", "process", "queueMicrotask", "structuredClone",
  "reportError", "globalThis",
];

/** The code of a file for the oldest phones. */
function es5(path) {
  const code = compiled.get(path) ?? babel.transform(readFileSync(path, "utf8"), { presets: PRESETS, compact: false }).code;
  compiled.set(path, code);
  return code;
}

/**
 * The sandbox; `given` are its globals beside those of the language. `load` gives what a file of the project exports, and
 * `put` says what another file is in its place: a path, or what it exports.
 */
export function miniProgram(given) {
  const context = vm.createContext({ setTimeout, clearTimeout, console, ...given });
  vm.runInContext("delete globalThis.globalThis; delete this.WebAssembly;", context);
  const loaded = new Map();
  const places = new Map();
  const load = (asked) => {
    const path = places.get(asked) ?? asked;
    if (loaded.has(path)) return loaded.get(path).exports;
    const module = { exports: {} };
    loaded.set(path, module);
    const run = vm.runInContext(`(function (require, module, exports) {${es5(path)}\n})`, context, { filename: path });
    run((name) => load(resolve(dirname(path), name.endsWith(".js") ? name : `${name}.js`)), module, module.exports);
    return module.exports;
  };
  const put = (path, other) => {
    if (typeof other === "string") places.set(join(ROOT, path), join(ROOT, other));
    else loaded.set(join(ROOT, path), { exports: other });
  };
  return { run: (code) => vm.runInContext(code, context), load: (path) => load(join(ROOT, path)), put };
}

/**
 * WeChat's `wx`, whose sockets do what a test says. At most five sockets are open, and another fails without any other
 * callback. `tasks`: those that were made, in their order.
 */
export function fakeWx(answer = () => ({ statusCode: 200, data: { admitted: true } })) {
  const listeners = { show: new Set(), hide: new Set(), network: new Set() };
  const wx = { tasks: [], requests: [], live: new Set() };
  wx.connectSocket = ({ url, protocols, fail }) => {
    if (wx.live.size >= 5) {
      setImmediate(() => fail({ errMsg: "connectSocket:fail exceed max task count" }));
      return undefined;
    }
    const task = new FakeTask(wx, url, protocols, fail);
    wx.tasks.push(task);
    wx.live.add(task);
    return task;
  };
  wx.request = ({ url, method, data, header, success, fail }) => {
    wx.requests.push({ url, method, data, header });
    const { errMsg, ...answered } = answer(url, method);
    setImmediate(() => (errMsg ? fail({ errMsg }) : success(answered)));
  };
  for (const [name, event] of [["AppShow", "show"], ["AppHide", "hide"], ["NetworkStatusChange", "network"]]) {
    wx[`on${name}`] = (act) => listeners[event].add(act);
    wx[`off${name}`] = (act) => listeners[event].delete(act);
  }
  wx.tell = (event, status) => [...listeners[event]].forEach((act) => act(status));
  wx.listening = () => Object.values(listeners).reduce((sum, set) => sum + set.size, 0);
  return wx;
}

class FakeTask {
  sent = [];
  closedWith = [];
  #wx;
  #acts = {};

  constructor(wx, url, protocols, fail) {
    Object.assign(this, { url, protocols, fail });
    this.#wx = wx;
    for (const event of ["Open", "Message", "Close", "Error"]) this[`on${event}`] = (act) => (this.#acts[event] = act);
  }

  send({ data, fail }) {
    if (this.broken) setImmediate(() => fail({ errMsg: "sendSocketMessage:fail" }));
    else this.sent.push(JSON.parse(data));
  }

  /** The place among the five is free once the close has gone through. */
  close({ code }) {
    this.closedWith.push(code);
    setImmediate(() => this.#wx.live.delete(this));
  }

  /** What WeChat calls back: "Open", "Message", "Close" or "Error". */
  call(event, value = {}) {
    if (event === "Close") this.#wx.live.delete(this);
    this.#acts[event](value);
  }

  say(...objects) {
    this.call("Message", { data: JSON.stringify(objects) });
  }

  welcome(changes = {}) {
    this.call("Open");
    this.say({ messageType: 8, userId: "alice", cursor: "e1.0", history: [], gap: false, heartbeatSeconds: 60, ...changes });
  }
}
