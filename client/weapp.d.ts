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
export function weapp(wx: Wx): Globals;
/**
 * the part of WeChat's that is used
 */
export type SocketTask = {
    onOpen: (act: () => void) => void;
    onMessage: (act: (event: {
        data: string | ArrayBuffer;
    }) => void) => void;
    onClose: (act: (event: {
        code: number;
        reason: string;
    }) => void) => void;
    onError: (act: (event: {
        errMsg: string;
    }) => void) => void;
    send: (options: {
        data: string;
        fail?: () => void;
    }) => void;
    close: (options: {
        code?: number;
        fail?: () => void;
    }) => void;
};
/**
 * the part of WeChat's `wx` that is used
 */
export type Wx = {
    connectSocket: (options: {
        url: string;
        protocols?: string[];
        fail?: () => void;
    }) => SocketTask;
    request: (options: {
        url: string;
        method?: any;
        data?: string;
        header?: Record<string, string>;
        timeout?: number;
        success?: (answer: {
            statusCode: number;
            data: any;
            header?: any;
        }) => void;
        fail?: (error: {
            errMsg: string;
        }) => void;
    }) => any;
    onAppShow: (act: () => void) => void;
    onAppHide: (act: () => void) => void;
    onNetworkStatusChange: (act: (status: {
        isConnected: boolean;
    }) => void) => void;
    offAppShow?: ((act: () => void) => void) | undefined;
    offAppHide?: ((act: () => void) => void) | undefined;
    offNetworkStatusChange?: ((act: any) => void) | undefined;
};
export type Request = {
    method?: string;
    headers: Record<string, string>;
    body?: string;
};
export type Answer = {
    status: number;
    headers: {
        get: (name: string) => string | null;
    };
    json: () => Promise<any>;
};
/**
 * options of a LiveRoom
 */
export type Globals = {
    WebSocket: new (url: string, protocols: string[]) => any;
    fetch: (url: string, options: Request) => Promise<Answer>;
    onWake: (wake: () => void) => () => void;
};
