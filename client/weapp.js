/**
 * What a WeChat mini-program has in place of a browser's globals, as options of a LiveRoom.
 *
 *     import { LiveRoom } from "./live.js";
 *     import { weapp } from "./weapp.js";
 *
 *     const room = new LiveRoom({ url: "wss://example.com/websocket", activityId: 42, username: "alice", ...weapp(wx) });
 *
 * The mini-program's own rules hold: the hosts of the room and of its `api` stand in the list of allowed domains, at most
 * five sockets are open at once, and in the background sockets are cut after five seconds.
 * https://developers.weixin.qq.com/miniprogram/dev/framework/ability/network.html
 */

const OPEN = 1;
const CLOSED = 3;
const ABNORMAL = 1006; // the close code of a connection that ended without a close frame
const BACKGROUND_MS = 5000; // so long a socket outlives the mini-program's going to the background
const REQUEST_MS = 20_000; // the client itself waits for less, 15 s for a slot

/**
 * @typedef {object} SocketTask  the part of WeChat's that is used
 * @property {(act: () => void) => void} onOpen
 * @property {(act: (event: { data: string | ArrayBuffer }) => void) => void} onMessage
 * @property {(act: (event: { code: number, reason: string }) => void) => void} onClose
 * @property {(act: (event: { errMsg: string }) => void) => void} onError
 * @property {(options: { data: string, fail?: () => void }) => void} send
 * @property {(options: { code?: number, fail?: () => void }) => void} close
 *
 * @typedef {object} Wx  the part of WeChat's `wx` that is used
 * @property {(options: { url: string, protocols?: string[], fail?: () => void }) => SocketTask} connectSocket
 * @property {(options: { url: string, method?: any, data?: string, header?: Record<string, string>, timeout?: number,
 *   success?: (answer: { statusCode: number, data: any, header?: any }) => void, fail?: (error: { errMsg: string }) => void
 *   }) => any} request
 * @property {(act: () => void) => void} onAppShow
 * @property {(act: () => void) => void} onAppHide
 * @property {(act: (status: { isConnected: boolean }) => void) => void} onNetworkStatusChange
 * @property {(act: () => void) => void} [offAppShow]
 * @property {(act: () => void) => void} [offAppHide]
 * @property {(act: any) => void} [offNetworkStatusChange]
 *
 * @typedef {{ method?: string, headers: Record<string, string>, body?: string }} Request
 * @typedef {{ status: number, headers: { get: (name: string) => string | null }, json: () => Promise<any> }} Answer
 *
 * @typedef {object} Globals  options of a LiveRoom
 * @property {new (url: string, protocols: string[]) => any} WebSocket
 * @property {(url: string, options: Request) => Promise<Answer>} fetch
 * @property {(wake: () => void) => () => void} onWake
 */

/**
 * @param {Wx} wx
 * @returns {Globals}
 */
export function weapp(wx) {
  /** @type {Set<Socket>} */
  const sockets = new Set();
  return {
    WebSocket: class extends Socket {
      /**
       * @param {string} url
       * @param {string[]} protocols
       */
      constructor(url, protocols) {
        super(wx, sockets, url, protocols);
      }
    },
    fetch: (url, options) => request(wx, url, options),
    onWake: (wake) => listen(wx, sockets, wake),
  };
}

/**
 * A socket with the part of a WebSocket's interface that a LiveRoom uses. WeChat's callbacks come in any order: an error
 * with a close or without one, a close before the error, a message before `onOpen`. So the first sign of an end is the
 * end, and it is told once.
 */
class Socket {
  readyState = 0;
  /** @type {((event: { data: any }) => void) | null} */
  onmessage = null;
  /** @type {((event: { code: number }) => void) | null} */
  onclose = null;
  /** @type {(() => void) | null} */
  onerror = null;
  /** @type {SocketTask | undefined} */
  #task;
  #sockets;

  /**
   * @param {Wx} wx
   * @param {Set<Socket>} sockets  those that have not ended
   * @param {string} url
   * @param {string[]} protocols
   */
  constructor(wx, sockets, url, protocols) {
    this.#sockets = sockets.add(this);
    // A sixth socket fails without any other callback, perhaps before there is a task.
    const task = wx.connectSocket({ url, protocols, fail: () => this.ended(ABNORMAL) });
    if (!task) return;
    this.#task = task;
    // At once: WeChat keeps no event for a listener that comes later.
    task.onOpen(() => this.#opened());
    task.onMessage(({ data }) => this.#heard(data));
    task.onError(() => this.ended(ABNORMAL));
    task.onClose((event) => this.ended(event?.code ?? ABNORMAL));
    if (this.readyState === CLOSED) task.close({ code: 1000, fail: () => {} });
  }

  /** @param {string} data */
  send(data) {
    this.#task?.send({ data, fail: () => this.ended(ABNORMAL) });
  }

  /** @param {number} [code] */
  close(code = 1000) {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.#sockets.delete(this);
    this.#task?.close({ code, fail: () => {} });
  }

  /**
   * The connection has ended. A task that does not know it yet would keep one of the five places.
   * @param {number} code
   */
  ended(code) {
    if (this.readyState === CLOSED) return;
    this.close();
    // Not at once: a constructor that is still running has no listener yet.
    Promise.resolve().then(() => this.onclose?.({ code }));
  }

  #opened() {
    // A socket that was closed before it was open may open all the same.
    if (this.readyState === CLOSED) this.#task?.close({ code: 1000, fail: () => {} });
    else this.readyState = OPEN;
  }

  /** @param {string | ArrayBuffer} data */
  #heard(data) {
    if (this.readyState === CLOSED) return;
    this.readyState = OPEN;
    this.onmessage?.({ data });
  }
}

/**
 * @param {Wx} wx
 * @param {string} url
 * @param {Request} request
 * @returns {Promise<Answer>}
 */
function request(wx, url, { method = "GET", headers, body }) {
  return new Promise((resolve, reject) => {
    wx.request({
      url,
      method,
      ...(body !== undefined && { data: body }),
      header: headers,
      timeout: REQUEST_MS,
      // WeChat has parsed the body if it is JSON; otherwise it is a text.
      success: ({ statusCode, data, header }) =>
        resolve({ status: statusCode, headers: { get: (name) => named(header, name) }, json: () => Promise.resolve(data) }),
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    });
  });
}

/**
 * The header of this name, in whatever case WeChat has it.
 * @param {any} header
 * @param {string} name
 * @returns {string | null}
 */
function named(header, name) {
  const found = Object.keys(header ?? {}).find((each) => each.toLowerCase() === name.toLowerCase());
  return found === undefined ? null : String(header[found]);
}

/**
 * Call `wake` when the mini-program is shown again or the network is back. Returns a function that ends this.
 * @param {Wx} wx
 * @param {Set<Socket>} sockets
 * @param {() => void} wake
 */
function listen(wx, sockets, wake) {
  let hidden = Infinity;
  const hide = () => {
    hidden = Date.now();
  };
  const show = () => {
    // The sockets were cut, and WeChat may tell it late or never.
    if (Date.now() - hidden >= BACKGROUND_MS) for (const socket of [...sockets]) socket.ended(ABNORMAL);
    hidden = Infinity;
    Promise.resolve().then(wake); // after the ends were told
  };
  /** @param {{ isConnected: boolean }} status */
  const change = ({ isConnected }) => {
    if (isConnected) wake();
  };
  wx.onAppHide(hide);
  wx.onAppShow(show);
  wx.onNetworkStatusChange(change);
  return () => {
    wx.offAppHide?.(hide);
    wx.offAppShow?.(show);
    wx.offNetworkStatusChange?.(change);
  };
}
