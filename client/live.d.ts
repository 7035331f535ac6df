/** A frame was refused. `code` is one of the protocol's, or "lost" (no answer came), or "closed". */
export class Refused extends Error {
    /** @param {{ error: string, message?: string, retryAfter?: number }} reply */
    constructor({ error, message, retryAfter }: {
        error: string;
        message?: string;
        retryAfter?: number;
    });
    code: string;
    /** @type {number | undefined}  seconds, if a retry may succeed */
    retryAfter: number | undefined;
}
/**
 * The gateway ends every connection after two hours, so a room opens the next one before that. It then has up to three
 * links: `#link` is in use, `#next` is not welcomed yet, and `#last` was replaced by `#link` and stays open for a few
 * seconds, until what was on its way has come. Two links may bring the same chat, so `#seen` drops the second.
 *
 * A link is a Link, which is a seat in the room, or a Reader, which is a place in its gallery. Going from one to the other
 * is as replacing a connection: the new one is welcomed with what came since the cursor, and then the old one is given up.
 */
export class LiveRoom {
    /** @param {Options} options  a TypeError says what is wrong with them */
    constructor(options: Options);
    /**
     * Call `handler` with each event of this name. Returns a function that ends this.
     * @template {keyof Events} Name
     * @param {Name} name
     * @param {(event: Events[Name]) => void} handler
     * @returns {() => void}
     */
    on<Name extends keyof Events>(name: Name, handler: (event: Events[Name]) => void): () => void;
    /** Enter the room and stay in it. The answer is a `welcome`. */
    connect(): void;
    /** Leave. Promises that are still open are rejected with the code "closed". */
    close(): void;
    /**
     * Say `text` to the room, or to the user `to` alone. Without a connection it waits for the next one. A chat that is
     * not answered is sent again, and published once. A text that is empty or too long is refused at once.
     * @param {string} text  1 to 500 characters after trimming
     * @param {{ to?: string | null, extra?: Record<string, any> | null }} [options]  `extra` comes beside the text: an
     *   object of at most 1,024 bytes as JSON
     * @returns {Promise<{ seq: number, id: string }>}  rejected with Refused, or with a TypeError for other arguments
     */
    say(text: string, options?: {
        to?: string | null;
        extra?: Record<string, any> | null;
    }): Promise<{
        seq: number;
        id: string;
    }>;
    /**
     * A page of the users in the room. `cursor` is that of the page before.
     * @param {{ limit?: number | null, cursor?: string | null }} [options]
     * @returns {Promise<Who>}  rejected with Refused, or with a TypeError for other arguments
     */
    who(options?: {
        limit?: number | null;
        cursor?: string | null;
    }): Promise<Who>;
    /**
     * Send likes: they are added up and sent once a second. At most 1,000 wait.
     * @param {number} [count]  an integer from 1 to 1,000, else a TypeError is thrown
     */
    like(count?: number): void;
    /**
     * The room's properties as they were last told; a copy.
     * @returns {Properties}
     */
    get properties(): Properties;
    #private;
}
export type Options = {
    /**
     * where the rooms are, `wss://…/websocket`; a page may leave out the host. What its
     * query says (activityId, token) need not be given again.
     */
    url: string | Address;
    /**
     * the room
     */
    activityId?: string | number | undefined;
    /**
     * the display name; a token's name comes before it
     */
    username?: string | undefined;
    userId?: string | undefined;
    avatar?: string | undefined;
    /**
     * what is shown beside the name, if no token says who the viewer is
     */
    attributes?: Attributes | undefined;
    /**
     * a JWT, or a function that makes one per connection
     */
    token?: string | (() => string | Promise<string>) | undefined;
    /**
     * where the HTTP API is, `https://…` without the path `/api`: it is asked whether this
     * viewer reads in the gallery, and why a connection was refused, which a browser hides
     */
    api?: string | Address | undefined;
    /**
     * false: the rooms have no gallery, or this viewer needs a seat; then nobody is asked for a
     * place. Without an `api` nobody is, either
     */
    gallery?: boolean | undefined;
    /**
     * needed only before Node.js 22
     */
    WebSocket?: (new (url: string, protocols: string[]) => any) | undefined;
    /**
     * needed only where there is no global one
     */
    fetch?: Fetch | undefined;
    /**
     * calls `wake` when the network is back, or somebody looks again;
     * returns a function that ends this. Needed only outside of browsers
     */
    onWake?: ((wake: () => void) => () => void) | undefined;
    /**
     * for tests
     */
    clock?: Clock | undefined;
    /**
     * for tests; like Math.random
     */
    random?: (() => number) | undefined;
};
/**
 * such as a URL
 */
export type Address = {
    readonly href: string;
    toString: () => string;
};
/**
 * the
 *  part of `fetch` that is used
 */
export type Fetch = (url: string, options: {
    method?: string;
    headers: Record<string, string>;
    body?: string;
}) => Promise<{
    status: number;
    headers?: {
        get: (name: string) => string | null;
    };
    json: () => Promise<any>;
}>;
export type Clock = {
    /**
     * ms, from any start
     */
    now: () => number;
    setTimeout: (act: () => void, ms: number) => any;
    clearTimeout: (timer: any) => void;
};
export type Settings = {
    slowModeSeconds: number;
    frozen: boolean;
};
/**
 * of a person: a role, a level, a colour, as the platform has it
 */
export type Attributes = Record<string, string>;
export type User = {
    userId: string;
    username: string;
    attributes?: Attributes;
};
export type Chat = {
    /**
     * its number in the room: rising, with gaps
     */
    seq: number;
    textMessage: string;
    fromusername: string;
    userId: string;
    avatar: string;
    /**
     * ms since the epoch
     */
    time: number;
    /**
     * the sender's id for it
     */
    id?: string | undefined;
    /**
     * a userId, if the chat is private
     */
    to?: string | undefined;
    /**
     * the sender's
     */
    attributes?: Attributes | undefined;
    /**
     * what the sender's client put beside the text: check it, others made it
     */
    extra?: Record<string, any> | undefined;
    /**
     * whether it came with the welcome, from the room's history
     */
    replayed: boolean;
};
/**
 * with a `to`, this viewer's userId, if it is not for everybody
 */
export type Notice = {
    seq: number;
    name: string;
    data: any;
    time: number;
    to?: string;
    replayed: boolean;
};
/**
 * of the room, by their names: a pinned product, an announcement
 */
export type Properties = Record<string, any>;
/**
 * a user who joined or left, and how many others did
 */
export type Crowd = User & {
    others?: number;
};
export type Who = {
    users: User[];
    onlineNumber: number;
    cursor: string | null;
};
/**
 * the present state of the room
 */
export type Welcome = {
    activityId: number;
    /**
     * this viewer's
     */
    userId: string;
    /**
     * empty in the gallery
     */
    connectionId: string;
    onlineNumber: number;
    /**
     * likes
     */
    zanNumber: number;
    settings: Settings;
    properties: Properties;
    /**
     * this viewer's, if it holds
     */
    mute?: {
        seconds: number | null;
        reason?: string;
    } | undefined;
    /**
     * the interval of heartbeats, or of a place's renewals
     */
    heartbeatSeconds: number;
    gap: boolean;
    /**
     * whether this client was in the room before
     */
    resumed: boolean;
};
/**
 * why the
 * room refuses the connection, if `api` was given
 */
export type Denied = "origin" | "bad_field" | "name_missing" | "name_rejected" | "banned" | "banned_everywhere" | "too_often" | "token_missing" | "token_invalid" | "token_expired" | "token_not_yet_valid" | "token_other_room";
/**
 * why there
 * is no connection: the function `token` failed; the API cannot be reached, or says that it cannot answer, or has to be
 * called at another address; or the API would let this viewer in, and still the connection failed
 */
export type Failed = "token_unavailable" | "unreachable" | "unavailable" | "wrong_address" | "handshake_failed";
/**
 * close() was called; a moderator has put this viewer out;
 * newer connections of the user have taken this one's place; too many frames of the user were refused
 */
export type Ended = "closed" | "kicked" | "replaced" | "flooding";
/**
 * what is known beside a reason
 */
export type Why = {
    /**
     * in English, for developers
     */
    message?: string | undefined;
    /**
     * seconds after which the room may let this viewer in, from now on
     */
    retryAfter?: number | undefined;
    /**
     * when a ban ends: ms since the epoch, null for a ban without an end
     */
    until?: number | null | undefined;
    /**
     * what a moderator gave as the reason of a ban or kick
     */
    text?: string | undefined;
};
/**
 * waiting: the client tries again by itself after `delayMs`. lost: an open connection ended; else no connection could be
 * opened. closed: the client does not try again by itself; call connect() at the user's wish. open: also when the lane
 * has changed; a reader in the gallery takes a seat by itself as soon as the viewer speaks
 */
export type State = {
    name: "connecting";
} | {
    name: "open";
    lane: "seat" | "gallery";
} | ({
    name: "waiting";
    delayMs: number;
    lost: boolean;
    reason?: Denied | Failed;
} & Why) | ({
    name: "closed";
    reason: Denied | Ended;
} & Why);
/**
 * with a reason if a moderator gave one: a text; "replaced" or "flooding" if the room did
 * it by itself
 */
export type Sanction = {
    action: "muted" | "unmuted" | "kicked" | "banned";
    seconds: number | null;
    reason?: string;
};
/**
 * the names for `on`, and what their handlers get
 */
export type Events = {
    state: State;
    /**
     * after each connection, and after frames that were lost; its history follows as events
     */
    welcome: Welcome;
    /**
     * messages are missing and cannot be had any more; comes before the history
     */
    gap: Welcome;
    chat: Chat;
    notice: Notice;
    joined: Crowd;
    left: Crowd;
    online: {
        onlineNumber: number;
    };
    /**
     * the absolute total
     */
    likes: {
        zanNumber: number;
    };
    /**
     * a moderator removed this chat: hide it. One event for each
     * chat, with the `userId` if all that this user has said is removed
     */
    removed: {
        seq: number;
        userId?: string;
    };
    sanction: Sanction;
    settings: {
        settings: Settings;
    };
    /**
     * what has changed, null for what was removed,
     * and all properties; also after a welcome, if they are not what they were before it
     */
    properties: {
        changed: Properties;
        properties: Properties;
    };
    /**
     * how many objects of each
     * kind did not fit, or the one `seq`
     */
    leftOut: {
        dropped: Record<string, number>;
        seq?: number;
        replayed: boolean;
    };
    /**
     * a frame without a promise, such as a like, was refused
     */
    refused: Refused;
    /**
     * something failed: the gateway, or `token`
     */
    fault: {
        message: string;
    };
};
