import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { usePermission } from "@/api/session";
import { bytes } from "@/lib/format";
import { here } from "@/lib/here";
import { CodeBlock } from "@/ui/code-block";
import { CopyField } from "@/ui/copy-field";
import { Facts } from "@/ui/facts";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { StatusBadge, Tag } from "@/ui/status-badge";
import { Tabs, tabClass } from "@/ui/tabs";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { Aliases } from "./aliases";
import { type Version, version } from "./api";
import { Checks } from "./checks";
import { DeployButton } from "./deploy-button";
import { ExportButton } from "./export-button";
import { Files } from "./files";
import { LineageTab } from "./lineage-tab";
import type { DeployTarget } from "./models-page";
import { OriginPanel } from "./origin-panel";
import { ScanPanel } from "./scan";
import { Signature } from "./signature";
import { TAB_NAMES, VERSION_TABS, type VersionTab } from "./tabs";

interface Props {
  id: string;
  number: number;
  tab: VersionTab;
  onDeploy: (target: DeployTarget) => void;
  /** What people say, and what happened: from other features. */
  discussion: ReactNode;
  activity: ReactNode;
}

/** One immutable build of a model: what it takes and gives, what is in it, and whether it works. */
export function VersionPage({ id, number, tab, onDeploy, discussion, activity }: Props) {
  const { data } = useSuspenseQuery(version(id, number));
  const mayDeploy = usePermission("deployments.create");
  const mayExport = usePermission("models.export");
  return (
    <>
      <PageHeader
        title={`${data.model_name} version ${data.version}`}
        part={TAB_NAMES[tab]}
        crumbs={[
          <Link key="all" to="/w/$ws/models" params={here()}>
            Models
          </Link>,
          <Link key="model" to="/w/$ws/models/$model" params={{ ...here(), model: id }}>
            {data.model_name}
          </Link>,
        ]}
        status={
          <span className="row wrap">
            {data.status !== "READY" && <StatusBadge status={data.status} />}
            {data.framework && <Tag>{data.framework}</Tag>}
            {data.scan && data.scan.verdict !== "clean" && (
              <StatusBadge status={data.scan.verdict} />
            )}
          </span>
        }
        meta={
          <>
            Registered by {data.created_by_name} <Time at={data.created_at} />
          </>
        }
        actions={
          <span className="row wrap">
            {mayExport && <ExportButton version={data} />}
            {mayDeploy && (
              <DeployButton
                disabled={data.obstacle !== null}
                title={data.obstacle ?? undefined}
                onClick={() => onDeploy({ modelId: id, version: number })}
              />
            )}
          </span>
        }
      />
      <Tabs label="Version">
        {VERSION_TABS.map((one) => (
          <Link
            key={one}
            className={tabClass}
            to="/w/$ws/models/$model/v/$version"
            params={{ ...here(), model: id, version: String(number) }}
            search={{ tab: one }}
            aria-current={one === tab ? "page" : undefined}
          >
            {TAB_NAMES[one]}
          </Link>
        ))}
      </Tabs>
      <View key={tab} loading={<TableSkeleton />}>
        {tab === "overview" && <Overview of={data} />}
        {tab === "lineage" && <LineageTab id={id} version={number} />}
        {tab === "discussion" && discussion}
        {tab === "activity" && activity}
      </View>
    </>
  );
}

function Overview({ of: data }: { of: Version }) {
  return (
    <div className="stack">
      <div className="grid-2 top">
        <div className="stack">
          <Checks checks={data.checks} />
          <ScanPanel version={data} />
          <Signature title="Inputs" columns={data.inputs} />
        </div>
        <div className="stack">
          <Panel title="About">
            <VersionFacts of={data} />
          </Panel>
          <View loading={<TableSkeleton />}>
            <OriginPanel version={data} />
          </View>
          <Aliases version={data} />
          <Signature title="Outputs" columns={data.outputs} />
          <Panel title="Input example">
            {data.input_example === null || data.input_example === undefined ? (
              <p className="dim">The version was logged without one.</p>
            ) : (
              <CodeBlock code={JSON.stringify(data.input_example, null, 2)} label="input example" />
            )}
          </Panel>
          <Panel
            title="Requirements"
            note={data.python_version ? `Python ${data.python_version}` : undefined}
          >
            {data.requirements.length > 0 ? (
              <CodeBlock code={data.requirements.join("\n")} label="requirements" />
            ) : (
              <p className="dim">The version names no packages.</p>
            )}
          </Panel>
        </div>
      </div>
      <View loading={<TableSkeleton />}>
        <Files id={data.model_id} version={data.version} />
      </View>
    </div>
  );
}

function VersionFacts({ of }: { of: Version }) {
  return (
    <Facts
      of={[
        ["Description", of.description || null],
        [
          "Run",
          of.run_id && (
            <Link key="run" to="/w/$ws/runs/$run" params={{ ...here(), run: of.run_id }}>
              {of.run_id}
            </Link>
          ),
        ],
        ["Flavors", of.flavors.join(", ") || null],
        ["Size", bytes(of.size_bytes)],
        [
          "Content hash",
          of.digest && <CopyField key="digest" value={of.digest} label="content hash" />,
        ],
        ["Source", <code key="source">{of.source}</code>],
        ...Object.entries(of.tags).map(([key, value]): [string, string] => [key, value]),
      ]}
    />
  );
}
