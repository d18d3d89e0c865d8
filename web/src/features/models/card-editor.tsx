import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import { Choice } from "@/ui/choice";
import { Markdown } from "@/ui/markdown";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import type { Model } from "./api";
import { type Card, useWriteCard } from "./page-api";

interface Props {
  model: Model;
  card: Card;
  onClose: () => void;
}

const FACES = ["write", "preview"] as const;
const NAMES = { write: "Write", preview: "Preview" };

/** Where the card is written; an empty one starts with the required headings. */
export function CardEditor({ model, card, onClose }: Props) {
  const [text, setText] = useState(card.text || card.template);
  const [face, setFace] = useState<(typeof FACES)[number]>("write");
  const write = useWriteCard(model.id);
  return (
    <Panel
      title="Model card"
      note="Markdown; front matter between --- lines if you want it"
      action={<Choice label="View" value={face} options={FACES} names={NAMES} onChange={setFace} />}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          write.mutate(text, { onSuccess: onClose });
        }}
      >
        {face === "write" ? (
          <Textarea
            aria-label="Model card"
            autosize
            minRows={14}
            maxRows={40}
            autoFocus
            styles={{ input: { fontFamily: "var(--font-mono)" } }}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        ) : (
          <Markdown text={text} as="document" />
        )}
        {write.error && <Refused error={write.error} />}
        <div className="row">
          <Button type="submit" loading={write.isPending}>
            Save card
          </Button>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Panel>
  );
}
