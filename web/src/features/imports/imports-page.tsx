import { SegmentedControl } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { here } from "@/lib/here";
import { CodeBlock } from "@/ui/code-block";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { ImportList } from "./import-list";

const COMMANDS = {
  MLflow: [
    "modelyard import mlflow http://mlflow.example:5000 --dry-run",
    "modelyard import mlflow http://mlflow.example:5000",
    "modelyard import mlflow ./mlruns",
    "modelyard import mlflow ./mlflow.db",
  ],
  "Weights & Biases": [
    "modelyard import wandb ./wandb --dry-run",
    "modelyard import wandb ./wandb",
  ],
  Neptune: [
    "modelyard import neptune ./exports/data --files ./exports/files --dry-run",
    "modelyard import neptune ./exports/data --files ./exports/files",
  ],
} as const;
type Tool = keyof typeof COMMANDS;
const TOOLS: Tool[] = ["MLflow", "Weights & Biases", "Neptune"];

/** How to bring histories of other tools, and what has come. */
export function ImportsPage() {
  const [tool, setTool] = useState<Tool>("MLflow");
  return (
    <>
      <PageHeader
        title="Imports"
        meta="Runs and models of other tools, with their ids and times."
        crumbs={[
          <Link key="all" to="/w/$ws/experiments" params={here()}>
            Experiments
          </Link>,
        ]}
      />
      <div className="stack">
        <Panel
          title="Bring a history"
          note="Run it where the history is. It can be repeated: what is here already is not sent again."
        >
          <div className="stack tight">
            <div>
              <SegmentedControl
                size="xs"
                aria-label="Tool"
                data={TOOLS}
                value={tool}
                onChange={(next) => setTool(TOOLS.find((one) => one === next) ?? "MLflow")}
              />
            </div>
            <CodeBlock
              wrap
              label="environment lines"
              code={`export MODELYARD_URL=${window.location.origin}\nexport MODELYARD_TOKEN=<your API token>`}
            />
            <CodeBlock wrap label="import commands" code={COMMANDS[tool].join("\n")} />
          </div>
        </Panel>
        <Panel title="What has come" flush>
          <View loading={<TableSkeleton />}>
            <ImportList />
          </View>
        </Panel>
      </div>
    </>
  );
}
