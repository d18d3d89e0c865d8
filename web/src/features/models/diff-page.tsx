import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { here } from "@/lib/here";
import { Choice } from "@/ui/choice";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { model as modelQuery } from "./api";
import classes from "./diff.module.css";
import { DiffPicker } from "./diff-picker";
import { type VersionDiff, versionDiff } from "./page-api";

interface Props {
  id: string;
  a: number;
  b: number;
}

const SHOWN = ["changed", "all"] as const;
const NAMES = { changed: "Only changes", all: "Everything" };

/** Two versions of a model side by side, group by group. */
export function DiffPage({ id, a, b }: Props) {
  const { data } = useSuspenseQuery(versionDiff(id, a, b));
  const { data: model } = useSuspenseQuery(modelQuery(id));
  const [shown, setShown] = useState<(typeof SHOWN)[number]>("changed");
  const changed = data.groups.reduce((sum, group) => sum + group.changed, 0);
  return (
    <>
      <PageHeader
        title={`Version ${a} and version ${b}`}
        part={data.model_name}
        crumbs={[
          <Link key="all" to="/w/$ws/models" params={here()}>
            Models
          </Link>,
          <Link
            key="model"
            to="/w/$ws/models/$model"
            params={{ ...here(), model: id }}
            search={{ tab: "versions" }}
          >
            {data.model_name}
          </Link>,
        ]}
        meta={changed === 0 ? "They agree in everything that is compared." : undefined}
        actions={<DiffPicker key={`${a} ${b}`} model={model} a={a} b={b} />}
      />
      <div className="stack">
        <div>
          <Choice label="Show" value={shown} options={SHOWN} names={NAMES} onChange={setShown} />
        </div>
        {data.groups.map((group) => (
          <Group key={group.key} group={group} a={a} b={b} onlyChanges={shown === "changed"} />
        ))}
      </div>
    </>
  );
}

interface GroupProps {
  group: VersionDiff["groups"][number];
  a: number;
  b: number;
  onlyChanges: boolean;
}

function Group({ group, a, b, onlyChanges }: GroupProps) {
  const rows = onlyChanges ? group.rows.filter((row) => row.changed) : group.rows;
  const same = group.rows.length - group.changed;
  return (
    <Panel title={group.title} note={`${group.changed} changed, ${same} equal`} flush>
      {rows.length === 0 ? (
        <p className={classes.none}>
          {group.rows.length === 0 ? "Neither version has any." : "No difference."}
        </p>
      ) : (
        <section className={classes.scroll} aria-label={`${group.title} of both versions`}>
          <table className={classes.table}>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Version {a}</th>
                <th scope="col">Version {b}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.name} className={row.changed ? classes.changed : undefined}>
                  <th scope="row">{row.name}</th>
                  <td>{row.a ?? <span className="dim">Not there</span>}</td>
                  <td>{row.b ?? <span className="dim">Not there</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Panel>
  );
}
