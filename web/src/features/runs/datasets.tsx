import { count, plural } from "@/lib/format";
import { CodeBlock } from "@/ui/code-block";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { Tag } from "@/ui/status-badge";
import type { Dataset } from "./api";

/** The data that the run read, as it was at the time. */
export function Datasets({ datasets }: { datasets: Dataset[] }) {
  return (
    <Panel
      title="Data sets"
      note="The training data is the reference that live traffic is compared with"
    >
      <ul className="stack">
        {datasets.map((dataset) => (
          <li key={`${dataset.id} ${dataset.role}`} className="stack tight">
            <div className="row wrap">
              <strong>{dataset.name}</strong>
              {dataset.role && <Tag>{dataset.role}</Tag>}
              <code className="dim">{dataset.digest}</code>
            </div>
            <Facts
              of={[
                ["Source", dataset.source_type],
                ["Rows", dataset.row_count === null ? null : count(dataset.row_count)],
                [
                  "Columns",
                  dataset.columns.length > 0 ? (
                    <Columns key="columns" of={dataset.columns} />
                  ) : null,
                ],
              ]}
            />
            {dataset.profile && Object.keys(dataset.profile).length > 0 && (
              <details>
                <summary className="small dim">Profile of {dataset.name}</summary>
                <CodeBlock code={JSON.stringify(dataset.profile, null, 2)} label="profile" />
              </details>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Columns({ of }: { of: Dataset["columns"] }) {
  return (
    <details>
      <summary>{plural(of.length, "column")}</summary>
      <ul className="row wrap" style={{ gap: 4, paddingTop: 8 }}>
        {of.map((column) => (
          <li key={String(column.name)}>
            <Tag>
              {String(column.name)}: {String(column.dtype ?? column.type)}
            </Tag>
          </li>
        ))}
      </ul>
    </details>
  );
}
