// Where the rooms are.
export const url = "wss://example.com/websocket";
export const api = "https://example.com";
