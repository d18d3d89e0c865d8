import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { download } from "@/lib/download";
import { Callout } from "@/ui/callout";
import { Choice } from "@/ui/choice";
import { CodeBlock } from "@/ui/code-block";
import { CopyField } from "@/ui/copy-field";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { LinesSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { Answering } from "./answering";
import { type Deployment, deployment, endpointApi } from "./api";
import { speaks } from "./chat";
import { ChatConsole } from "./chat-console";
import { callsIn, grpcIn, sampleIn, snippetsOf } from "./snippets";
import { TryConsole } from "./try-console";

const LANGUAGES = ["curl", "python", "javascript", "grpc"] as const;
const OF_HTTP = LANGUAGES.filter((one) => one !== "grpc");

/** How to call the endpoint, and a console that does. */
export function ApiTab({ id }: { id: string }) {
  const { data } = useSuspenseQuery(deployment(id));
  if (!data.live_revision) {
    return (
      <EmptyState title="Nothing is live, so nothing can be called">
        Start the deployment or deploy a version; its API is generated from the model's signature.
      </EmptyState>
    );
  }
  return (
    <div className="stack">
      <View loading={<LinesSkeleton lines={8} />}>
        <Calls deployment={data} revision={data.live_revision.number} />
      </View>
      <View loading={<LinesSkeleton lines={8} />}>
        <Console deployment={data} version={data.live_revision.version} />
      </View>
    </div>
  );
}

function Console({ deployment, version }: { deployment: Deployment; version: number }) {
  if (!usePermission("deployments.try")) {
    return (
      <Callout>Calling from here needs the Developer role. Ask an admin of the workspace.</Callout>
    );
  }
  if (speaks(deployment)) return <ChatConsole key={version} deployment={deployment} />;
  return <RowConsole key={version} deployment={deployment} />;
}

/** The console of a model that is sent rows: here or in another environment, of any version. */
function RowConsole({ deployment }: { deployment: Deployment }) {
  const [elsewhere, setElsewhere] = useState<Deployment | null>(null);
  const called = elsewhere ?? deployment;
  const [pinned, setPinned] = useState<number | null>(null);
  const version = pinned ?? called.live_revision?.version ?? 1;
  const choice = (
    <Answering
      deployment={deployment}
      called={called}
      onCalled={(next) => {
        setElsewhere(next.id === deployment.id ? null : next);
        setPinned(null);
      }}
      version={pinned}
      onVersion={setPinned}
    />
  );
  return (
    <View loading={<LinesSkeleton lines={8} />}>
      <TryConsole
        key={`${called.id} ${version}`}
        deployment={called}
        version={version}
        pinned={pinned}
        choice={choice}
      />
    </View>
  );
}

const save = (name: string, document: object) =>
  download(`${name}-openapi.json`, JSON.stringify(document, null, 2), "application/json");

function Calls({ deployment, revision }: { deployment: Deployment; revision: number }) {
  const { data } = useSuspenseQuery(endpointApi(deployment.id, revision));
  const [language, setLanguage] = useState<(typeof LANGUAGES)[number]>("curl");
  const grpc = grpcIn(data);
  const snippets = {
    ...snippetsOf(deployment.url, sampleIn(data), null),
    grpc: grpc?.python ?? "",
  };
  return (
    <Panel
      title="Call it from your code"
      action={
        <Choice
          label="Language"
          value={language}
          options={grpc ? LANGUAGES : OF_HTTP}
          names={{ python: "Python", javascript: "JavaScript", grpc: "gRPC" }}
          onChange={setLanguage}
        />
      }
    >
      <div className="stack">
        <CodeBlock code={snippets[language]} label={language} />
        <ul className="stack tight">
          {callsIn(data).map((call) => (
            <li key={`${call.method} ${call.path}`} className="row wrap small">
              <CopyField
                value={`${deployment.url}${call.path}`}
                shown={`${call.method} ${call.path}`}
                label={`address of ${call.path}`}
              />
              <span className="dim">{call.summary}</span>
            </li>
          ))}
          <li className="row wrap small">
            <CopyField
              value={`${deployment.url}/openapi.json`}
              shown="GET /openapi.json"
              label="address of the OpenAPI document"
            />
            <span className="dim">OpenAPI 3.1 document of this endpoint.</span>
            <Button variant="default" size="compact-xs" onClick={() => save(deployment.name, data)}>
              Download
            </Button>
          </li>
          {grpc && (
            <li className="row wrap small">
              <CopyField value={grpc.address} shown={`gRPC ${grpc.address}`} label="gRPC address" />
              <CopyField value={grpc.model} label="model name over gRPC" />
              <span className="dim">
                Open Inference Protocol v2; the second is the model's name.
              </span>
            </li>
          )}
        </ul>
      </div>
    </Panel>
  );
}
