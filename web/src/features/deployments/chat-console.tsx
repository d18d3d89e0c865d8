import { Button, NumberInput, Textarea } from "@mantine/core";
import { useRef, useState } from "react";
import { latency } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Answering } from "./answering";
import type { Deployment } from "./api";
import type { Message } from "./chat";
import styles from "./chat-console.module.css";
import { useChat } from "./chat-stream";

const MOST = 2_000;

/** A conversation with the model; every turn is one real call with all that was said before. */
export function ChatConsole({ deployment }: { deployment: Deployment }) {
  const [called, setCalled] = useState(deployment);
  const [said, setSaid] = useState<Message[]>([]);
  const [text, setText] = useState("");
  const [limit, setLimit] = useState(128);
  const [note, setNote] = useState<string | null>(null);
  /** Takes the focus from buttons that go away or are locked when they are pressed. */
  const message = useRef<HTMLTextAreaElement>(null);
  const chat = useChat(called.id);
  const isGoing = chat.told !== null;
  const submit = () => {
    if (!text.trim() || isGoing) return;
    const messages: Message[] = [...said, { role: "user", content: text.trim() }];
    setNote(null);
    message.current?.focus();
    const began = performance.now();
    void chat.send({ model: called.model_name, messages, max_tokens: limit }, (told) => {
      setSaid([...messages, { role: "assistant", content: told.content }]);
      setText("");
      setNote([told.note, `in ${latency(performance.now() - began)}`].filter(Boolean).join(", "));
    });
  };
  const shown: Message[] = isGoing
    ? [
        ...said,
        { role: "user", content: text.trim() },
        { role: "assistant", content: chat.told ?? "" },
      ]
    : said;
  return (
    <Panel
      title="Try it"
      note="Calls from here are marked and left out of the metrics."
      action={
        said.length > 0 &&
        !isGoing && (
          <Button
            variant="default"
            onClick={() => {
              setSaid([]);
              setNote(null);
              chat.forget();
              message.current?.focus();
            }}
          >
            Start over
          </Button>
        )
      }
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Answering deployment={deployment} called={called} onCalled={setCalled} version={null} />
        {shown.length > 0 && <Said messages={shown} isGoing={isGoing} />}
        <Textarea
          ref={message}
          label="Message"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              submit();
            }
          }}
          autosize
          minRows={2}
          maxRows={10}
        />
        <div className="row wrap">
          <NumberInput
            label="Most tokens to write"
            value={limit}
            min={1}
            max={MOST}
            allowDecimal={false}
            w={180}
            onChange={(next) => setLimit(typeof next === "number" ? next : 128)}
          />
        </div>
        <div className="row wrap">
          <Button type="submit" loading={isGoing} disabled={!text.trim()}>
            Send
          </Button>
          {isGoing && (
            <Button
              variant="default"
              onClick={() => {
                chat.stop();
                message.current?.focus();
              }}
            >
              Stop
            </Button>
          )}
          <span className="caption dim">Ctrl Enter</span>
          {note && (
            <span className="small dim" role="status">
              {note}
            </span>
          )}
        </div>
        {chat.error && <Refused error={chat.error} />}
      </form>
    </Panel>
  );
}

function Said({ messages, isGoing }: { messages: Message[]; isGoing: boolean }) {
  return (
    <ol className={styles.said} aria-label="Conversation" aria-busy={isGoing}>
      {messages.map((message, at) => (
        <li key={at} className={message.role === "user" ? styles.asked : styles.answered}>
          <span className="caption dim">{message.role === "user" ? "You" : "Model"}</span>
          <p>{message.content || (isGoing && at === messages.length - 1 ? "…" : "(nothing)")}</p>
        </li>
      ))}
    </ol>
  );
}
