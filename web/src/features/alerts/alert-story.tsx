import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Time } from "@/ui/time";
import classes from "./alerts.module.css";
import { type Alert, useRemark } from "./api";

/** What happened since, line by line, and a note of one's own. */
export function AlertStory({ of }: { of: Alert }) {
  const mayHandle = usePermission("alerts.handle");
  const [text, setText] = useState("");
  const remark = useRemark();
  return (
    <Panel title="Story">
      <ol className={classes.story} aria-label="Story">
        {of.events.map((event) => (
          <li key={event.id}>
            <div className="small">{event.text}</div>
            <div className="caption dim">
              {event.by_name}, <Time at={event.at} />
            </div>
          </li>
        ))}
      </ol>
      {mayHandle && (
        <form
          className="stack tight"
          style={{ marginTop: 16 }}
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim()) remark.mutate({ id: of.id, text }, { onSuccess: () => setText("") });
          }}
        >
          <Textarea
            aria-label="Comment"
            placeholder="What did you find out?"
            autosize
            minRows={2}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          {remark.error && <Refused error={remark.error} />}
          <div>
            <Button type="submit" size="xs" variant="default" loading={remark.isPending}>
              Comment
            </Button>
          </div>
        </form>
      )}
    </Panel>
  );
}
