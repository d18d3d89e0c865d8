import { Button, NumberInput, Textarea } from "@mantine/core";
import { useState } from "react";
import { latency } from "@/lib/format";
import { Callout } from "@/ui/callout";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { useTry } from "./actions";
import type { Deployment } from "./api";
import { answerIn, type Message, refusalIn } from "./chat";
import styles from "./chat-console.module.css";

const MOST = 2_000;

/** A conversation with the model; every turn is one real call with all that was said before. */
export function ChatConsole({ deployment }: { deployment: Deployment }) {
  const [said, setSaid] = useState<Message[]>([]);
  const [text, setText] = useState("");
  const [limit, setLimit] = useState(128);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [note, setNote] = useState<string | null>(null);
  const send = useTry(deployment.id);
  const submit = () => {
    if (!text.trim() || send.isPending) return;
    const messages: Message[] = [...said, { role: "user", content: text.trim() }];
    setRefusal(null);
    setNote(null);
    send.mutate(
      {
        path: "v1/chat/completions",
        body: { model: deployment.model_name, messages, max_tokens: limit },
      },
      {
        onSuccess: (answer) => {
          const found = answer.status === 200 ? answerIn(answer.body) : null;
          if (!found) {
            setRefusal(refusalIn(answer.body));
            return;
          }
          setSaid([...messages, { role: "assistant", content: found.content }]);
          setText("");
          setNote(`${found.note}, in ${latency(answer.latency_ms)}`);
        },
      },
    );
  };
  return (
    <Panel
      title="Try it"
      note="Calls from here are marked and left out of the metrics."
      action={
        said.length > 0 && (
          <Button
            variant="default"
            onClick={() => {
              setSaid([]);
              setNote(null);
              setRefusal(null);
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
        {said.length > 0 && <Said messages={said} />}
        <Textarea
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
          <Button type="submit" loading={send.isPending} disabled={!text.trim()}>
            Send
          </Button>
          <span className="caption dim">Ctrl Enter</span>
          {note && (
            <span className="small dim" role="status">
              {note}
            </span>
          )}
        </div>
        {send.error && <Refused error={send.error} />}
        {refusal && <Callout tone="bad">{refusal}</Callout>}
      </form>
    </Panel>
  );
}

function Said({ messages }: { messages: Message[] }) {
  return (
    <ol className={styles.said} aria-label="Conversation">
      {messages.map((message, at) => (
        <li key={at} className={message.role === "user" ? styles.asked : styles.answered}>
          <span className="caption dim">{message.role === "user" ? "You" : "Model"}</span>
          <p>{message.content || "(nothing)"}</p>
        </li>
      ))}
    </ol>
  );
}
