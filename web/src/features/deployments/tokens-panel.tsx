import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { count, number } from "@/lib/format";
import { LineChart } from "@/ui/charts/line-chart";
import { Choice } from "@/ui/choice";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { Stat } from "@/ui/stat";
import { deployment } from "./api";
import { speaks, TOKEN_WINDOWS, type TokenWindow, tokens } from "./chat";

/** Tokens of a language model; nothing for others. */
export function TokensPanel({ id }: { id: string }) {
  const { data } = useSuspenseQuery(deployment(id));
  return speaks(data) ? <Tokens id={id} /> : null;
}

/** Tokens that the language model read and wrote, over time and for whom. */
function Tokens({ id }: { id: string }) {
  const [window, setWindow] = useState<TokenWindow>("24h");
  const { data } = useSuspenseQuery(tokens(id, window));
  const x = data.points.map((point) => Date.parse(point.at) / 1_000);
  const perMinute = (value: number) => (value * 60) / data.step_seconds;
  return (
    <div className="stack">
      <div className="row between wrap">
        <h2 style={{ fontSize: "1.125rem" }}>Tokens</h2>
        <Choice label="Time" value={window} options={TOKEN_WINDOWS} onChange={setWindow} />
      </div>
      <div className="grid-4">
        <Stat label="A minute" value={number(data.per_minute)} note="in the last five minutes" />
        <Stat label="Read" value={count(data.total.prompt)} note={`in the last ${window}`} />
        <Stat label="Written" value={count(data.total.completion)} note={`in the last ${window}`} />
        <Stat
          label="Since the first call"
          value={count(data.ever.prompt + data.ever.completion)}
          note={`${count(data.ever.calls)} calls`}
        />
      </div>
      {data.total.calls === 0 ? (
        <Panel>
          <EmptyState title={`No tokens in the last ${window}`}>
            Calls with an endpoint key are counted here; calls from the console are not.
          </EmptyState>
        </Panel>
      ) : (
        <div className="grid-3">
          <Panel>
            <LineChart
              title="Tokens a minute"
              summary={`${count(data.total.prompt)} tokens read and ${count(data.total.completion)} written.`}
              x={x}
              time
              fromZero
              series={[
                {
                  label: "read",
                  values: data.points.map((point) => perMinute(point.prompt)),
                  token: "series-1",
                },
                {
                  label: "written",
                  values: data.points.map((point) => perMinute(point.completion)),
                  token: "series-2",
                },
              ]}
            />
          </Panel>
          <Shares
            title="By key"
            rows={data.by_key.map((one) => ({ ...one, name: one.name ?? "a revoked key" }))}
          />
          <Shares
            title="By version"
            rows={data.by_version.map((one) => ({ name: `Version ${one.version}`, ...one }))}
          />
        </div>
      )}
    </div>
  );
}

interface Share {
  name: string;
  calls: number;
  prompt: number;
  completion: number;
}

function Shares({ title, rows }: { title: string; rows: Share[] }) {
  return (
    <Panel title={title}>
      <table className="small" style={{ width: "100%" }}>
        <thead>
          <tr className="dim" style={{ textAlign: "left" }}>
            <th>Name</th>
            <th className="num">Calls</th>
            <th className="num">Read</th>
            <th className="num">Written</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <td>{row.name}</td>
              <td className="num">{count(row.calls)}</td>
              <td className="num">{count(row.prompt)}</td>
              <td className="num">{count(row.completion)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
