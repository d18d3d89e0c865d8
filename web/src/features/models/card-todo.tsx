import { Panel } from "@/ui/panel";
import { StatusBadge } from "@/ui/status-badge";
import classes from "./card.module.css";
import type { Card } from "./page-api";

/** What the card must say, and whether it does. */
export function CardTodo({ card }: { card: Card }) {
  const done = card.parts.filter((part) => part.is_written || part.is_automatic).length;
  const complete = done === card.parts.length;
  return (
    <Panel
      title="Required parts"
      note={complete ? "The card is complete" : `${done} of ${card.parts.length} are there`}
    >
      <ul className={classes.todo}>
        {card.parts.map((part) => (
          <li key={part.key} className={classes.part}>
            <div className="row wrap">
              <strong>{part.title}</strong>
              {part.is_written ? (
                <StatusBadge tone="ok">Written</StatusBadge>
              ) : part.is_automatic ? (
                <StatusBadge tone="info">Filled in</StatusBadge>
              ) : (
                <StatusBadge tone="warn">To do</StatusBadge>
              )}
            </div>
            {!part.is_written && <p className="small dim">{part.hint}</p>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
