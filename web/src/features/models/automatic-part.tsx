import { Link } from "@tanstack/react-router";
import { here } from "@/lib/here";
import { Panel } from "@/ui/panel";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import type { Model } from "./api";
import classes from "./card.module.css";
import type { Card } from "./page-api";

/** A part of the card that nobody wrote: from which version and run it is, and from when. */
export function AutomaticPart({ model, part }: { model: Model; part: Card["automatic"][number] }) {
  return (
    <Panel
      title={part.title}
      action={<StatusBadge tone="info">Filled in</StatusBadge>}
      note={
        <>
          From{" "}
          <Link
            to="/w/$ws/models/$model/v/$version"
            params={{ ...here(), model: model.id, version: String(part.version) }}
          >
            version {part.version}
          </Link>
          {part.run_id && (
            <>
              , run{" "}
              <Link to="/w/$ws/runs/$run" params={{ ...here(), run: part.run_id }}>
                {part.run_name}
              </Link>
            </>
          )}
          , <Time at={part.at} absolute />
        </>
      }
    >
      <dl className={classes.rows}>
        {part.rows.map((row) => (
          <div key={row.name}>
            <dt>{row.name}</dt>
            <dd>{row.value}</dd>
          </div>
        ))}
      </dl>
      {part.total > part.rows.length && (
        <p className="small dim">{part.total - part.rows.length} more on the version's page.</p>
      )}
    </Panel>
  );
}
