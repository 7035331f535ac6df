import { useState, type FormEvent } from "react";
import { Refused, type Options } from "live-rooms";

import { useLiveRoom } from "./useLiveRoom.js";

/** A room's chat. React escapes what others wrote. */
export function Chat({ options }: { options: Options }) {
  const { state, chats, online, likes, say, like } = useLiveRoom(options);
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");

  async function send(event: FormEvent) {
    event.preventDefault();
    try {
      await say(text);
      setText("");
      setProblem("");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      setProblem(error.retryAfter ? `Not sent. Try again in ${error.retryAfter} s.` : `Not sent: ${error.message}`);
    }
  }

  return (
    <section>
      <p role="status">
        {state.name === "closed" ? `Not let in: ${state.reason}` : state.name} · {online} watching
      </p>
      <ol>
        {chats.map(({ seq, fromusername, textMessage }) => (
          <li key={seq} dir="auto">
            {fromusername}: {textMessage}
          </li>
        ))}
      </ol>
      <form onSubmit={send}>
        <input aria-label="Message" value={text} maxLength={500} onChange={(event) => setText(event.target.value)} />
        <button>Send</button>
        <button type="button" onClick={like}>
          ♥ {likes}
        </button>
      </form>
      <p role="alert">{problem}</p>
    </section>
  );
}
