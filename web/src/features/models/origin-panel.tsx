import { useSuspenseQuery } from "@tanstack/react-query";
import { CodeBlock } from "@/ui/code-block";
import { CopyField } from "@/ui/copy-field";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { Time } from "@/ui/time";
import type { Version } from "./api";
import { BUNDLE, origin } from "./bundle-api";

/** Where a version that came in a bundle was made; nothing for one that was registered here. */
export function OriginPanel({ version }: { version: Version }) {
  return version.source.startsWith(BUNDLE) ? <Origin version={version} /> : null;
}

function Origin({ version }: { version: Version }) {
  const { data } = useSuspenseQuery(origin(version.model_id, version.version));
  return (
    <Panel title="Origin" note="What its bundle told about where it was made.">
      <div className="stack">
        <Facts
          of={[
            ["Exported as", `${data.name} version ${data.version}`],
            ["Made", data.created_at && <Time key="made" at={data.created_at} absolute />],
            ["Made by", data.created_by || null],
            ["Run there", data.run_id],
            [
              "Imported",
              <span key="imported">
                <Time at={data.imported_at} /> by {data.imported_by}
              </span>,
            ],
            [
              "Signed by",
              data.signed_by ? (
                <CopyField key="key" value={data.signed_by} label="signing key" />
              ) : (
                "Nobody"
              ),
            ],
          ]}
        />
        {data.environment_lock && (
          <details>
            <summary>Environment it ran in there</summary>
            <CodeBlock code={data.environment_lock} label="environment lock" />
          </details>
        )}
        <details>
          <summary>Lineage there</summary>
          <CodeBlock code={JSON.stringify(data.lineage, null, 2)} label="lineage" />
        </details>
      </div>
    </Panel>
  );
}
