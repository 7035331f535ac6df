// A room as a hook: it enters when the component is mounted, and leaves when the component goes.

import { useCallback, useEffect, useRef, useState } from "react";
import { LiveRoom, type Chat, type Options, type State } from "live-rooms";

const KEPT = 300; // rows; a room's history has no more

export interface Room {
  state: State;
  chats: readonly Chat[];
  online: number;
  likes: number;
  /** Rejects with Refused. */
  say: (text: string) => Promise<void>;
  like: () => void;
}

/** `options` are read when the room, the name or the token is another one. */
export function useLiveRoom(options: Options): Room {
  const [state, setState] = useState<State>({ name: "connecting" });
  const [chats, setChats] = useState<readonly Chat[]>([]);
  const [online, setOnline] = useState(0);
  const [likes, setLikes] = useState(0);
  const room = useRef<LiveRoom | null>(null);

  useEffect(() => {
    const entered = new LiveRoom(options);
    room.current = entered;
    entered.on("state", setState);
    entered.on("chat", (chat) => setChats((before) => [...before, chat].slice(-KEPT)));
    entered.on("removed", ({ seq }) => setChats((before) => before.filter((chat) => chat.seq !== seq)));
    entered.on("welcome", ({ onlineNumber, zanNumber }) => {
      setOnline(onlineNumber);
      setLikes(zanNumber);
    });
    entered.on("online", ({ onlineNumber }) => setOnline(onlineNumber));
    entered.on("likes", ({ zanNumber }) => setLikes(zanNumber));
    entered.connect();
    return () => {
      entered.close();
      setChats([]);
    };
  }, [String(options.url), options.activityId, options.username, options.token]);

  const say = useCallback(async (text: string) => {
    await room.current?.say(text);
  }, []);
  const like = useCallback(() => room.current?.like(), []);
  return { state, chats, online, likes, say, like };
}
