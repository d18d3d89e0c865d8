import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { Callout } from "@/ui/callout";
import { EmptyState } from "@/ui/empty-state";
import { Markdown } from "@/ui/markdown";
import { Panel } from "@/ui/panel";
import { Time } from "@/ui/time";
import type { Model } from "./api";
import { AutomaticPart } from "./automatic-part";
import classes from "./card.module.css";
import { CardEditor } from "./card-editor";
import { CardTodo } from "./card-todo";
import { Description } from "./description";
import { ModelFacts } from "./model-facts";
import { ModelTags } from "./model-tags";
import { type Card, card } from "./page-api";

/** What a model is for and how good it is: what people wrote beside what is known. */
export function CardTab({ model }: { model: Model }) {
  const { data } = useSuspenseQuery(card(model.id));
  const mayWrite = usePermission("models.write");
  const [editing, setEditing] = useState(false);
  return (
    <div className={classes.columns}>
      <div className="stack">
        <Description model={model} mayWrite={mayWrite} />
        {editing ? (
          <CardEditor model={model} card={data} onClose={() => setEditing(false)} />
        ) : (
          <Written card={data} mayWrite={mayWrite} onEdit={() => setEditing(true)} />
        )}
        {data.automatic.map((part) => (
          <AutomaticPart key={part.key} model={model} part={part} />
        ))}
      </div>
      <div className="stack">
        <CardTodo card={data} />
        <ModelFacts model={model} mayWrite={mayWrite} />
        <ModelTags model={model} mayWrite={mayWrite} />
        {Object.keys(data.front_matter).length > 0 && <FrontMatter card={data} />}
      </div>
    </div>
  );
}

interface WrittenProps {
  card: Card;
  mayWrite: boolean;
  onEdit: () => void;
}

function Written({ card, mayWrite, onEdit }: WrittenProps) {
  const isEmpty = card.body.trim() === "";
  const edit = mayWrite && (
    <Button variant="default" size="xs" onClick={onEdit}>
      {isEmpty ? "Write card" : "Edit card"}
    </Button>
  );
  return (
    <Panel
      title="Model card"
      note={
        card.updated_at && (
          <>
            Written <Time at={card.updated_at} />
          </>
        )
      }
      action={edit}
    >
      {card.front_matter_problem && <Callout tone="warn">{card.front_matter_problem}</Callout>}
      {isEmpty ? (
        <EmptyState title="Nobody has written the card yet">
          It says what the model is for, what it must not be used for, and where it fails.
        </EmptyState>
      ) : (
        <Markdown text={card.body} as="document" />
      )}
    </Panel>
  );
}

function FrontMatter({ card }: { card: Card }) {
  return (
    <Panel title="Front matter">
      <dl className={classes.front}>
        {Object.entries(card.front_matter).map(([key, value]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
