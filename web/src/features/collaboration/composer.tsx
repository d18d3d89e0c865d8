import { Button, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Choice } from "@/ui/choice";
import { Markdown } from "@/ui/markdown";
import { Refused } from "@/ui/refused";
import { people } from "./api";
import classes from "./collaboration.module.css";
import { Suggestions } from "./suggestions";
import { useMentioning } from "./use-mentioning";

interface Sending {
  isPending: boolean;
  error: Error | null;
  mutate: (text: string, options: { onSuccess: () => void }) => void;
}

interface Props {
  label: string;
  action: string;
  start?: string;
  autoFocus?: boolean;
  send: Sending;
  onDone?: () => void;
  onCancel?: () => void;
}

const FACES = ["write", "preview"] as const;
const NAMES = { write: "Write", preview: "Preview" };

/** Where one writes Markdown; `@` offers the members, Ctrl+Enter sends. */
export function Composer({ label, action, start = "", autoFocus, send, onDone, onCancel }: Props) {
  const [text, setText] = useState(start);
  const [face, setFace] = useState<(typeof FACES)[number]>("write");
  const known = useQuery(people()).data ?? [];
  const area = useRef<HTMLTextAreaElement>(null);
  const mentioning = useMentioning(area, text, setText, known);
  const submit = () => {
    const said = text.trim();
    if (!said || send.isPending) return;
    send.mutate(said, {
      onSuccess: () => {
        setText("");
        setFace("write");
        onDone?.();
      },
    });
  };
  return (
    <form
      className={classes.composer}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {face === "write" ? (
        <div className={classes.writing}>
          <Textarea
            ref={area}
            aria-label={label}
            placeholder="Markdown; @name tells a member"
            autosize
            minRows={2}
            maxRows={16}
            {...(autoFocus ? { autoFocus: true } : {})}
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value);
              mentioning.look(event.currentTarget);
            }}
            onSelect={(event) => mentioning.look(event.currentTarget)}
            onBlur={mentioning.close}
            onKeyDown={(event) => {
              if (mentioning.press(event)) return;
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
            }}
          />
          <Suggestions
            offered={mentioning.offered}
            active={mentioning.active}
            choose={mentioning.choose}
          />
        </div>
      ) : (
        <section className={classes.preview} aria-label="Preview">
          {text.trim() ? (
            <Markdown text={text} mentions={known} />
          ) : (
            <p className="dim">Nothing to show.</p>
          )}
        </section>
      )}
      {send.error && <Refused error={send.error} />}
      <div className="row wrap">
        <Button type="submit" size="xs" loading={send.isPending} disabled={!text.trim()}>
          {action}
        </Button>
        {onCancel && (
          <Button variant="default" size="xs" onClick={onCancel}>
            Cancel
          </Button>
        )}
        <span className={classes.grow} />
        <Choice label="View" value={face} options={FACES} names={NAMES} onChange={setFace} />
      </div>
    </form>
  );
}
