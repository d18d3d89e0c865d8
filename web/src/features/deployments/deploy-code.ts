import type { Shape } from "@/api/types";
import type { ServingConfig } from "./api";
import type { Approval } from "./approval-fields";
import { revisionOf } from "./draft";

/** A rollout as code. The API token is a placeholder in each. */
export interface DeployCode {
  curl: string;
  python: string;
  cli: string;
}

/** What a click would do. */
export interface Meant {
  /** Address of this installation. */
  origin: string;
  model: string;
  request: Shape<"DeployRequest">;
  /** The deployment that gets a new revision; a new deployment when `null`. */
  onto: { id: string; name: string; environment: string } | null;
  strategy: Shape<"Strategy"> | null;
}

/** The same rollout with curl, with Modelyard's client for Python, and on the command line. */
export const deployCode = (meant: Meant): DeployCode => ({
  curl: inCurl(meant),
  python: inPython(meant),
  cli: inShell(meant),
});

/** Code is run later and again: it names what is wanted, not what somebody was shown. */
function inCurl({ origin, request, onto, strategy }: Meant): string {
  const path = onto ? `deployments/${onto.id}/revisions` : "serving/deploy";
  const {
    reviewed: _,
    accept_changes: __,
    ...wanted
  } = onto ? revisionOf(request, strategy) : request;
  const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== null));
  return [
    `curl --fail-with-body -X POST ${origin}/api/v1/${path}`,
    '-H "Authorization: Bearer $MODELYARD_TOKEN"',
    '-H "Content-Type: application/json"',
    `-d ${quoted(JSON.stringify(given))}`,
  ].join(" \\\n  ");
}

function inPython({ origin, model, request, onto, strategy }: Meant): string {
  const start = [
    "import modelyard",
    "",
    "# The API token is read from MODELYARD_TOKEN.",
    `client = modelyard.Client(${text(origin)})`,
  ];
  const shared = [
    ...(request.config ? [`config=${configIn(request.config)},`] : []),
    ...(onto && strategy ? [`strategy=${strategyIn(strategy)},`] : []),
    ...(request.approval ? [`approval=${approvalIn(request.approval)},`] : []),
  ];
  const call = onto
    ? [
        `there = client.deployments.find(${text(`${onto.environment}/${onto.name}`)})`,
        "live = client.deployments.deploy_version(",
        "    there.id,",
      ]
    : ["live = client.deployments.deploy(", `    ${text(model)},`];
  const place = [
    ...(request.version ? [`version=${request.version},`] : []),
    ...(onto ? [] : [`environment=${text(request.environment ?? "staging")},`]),
    ...(!onto && request.name ? [`name=${text(request.name)},`] : []),
  ];
  const lines = [...place, ...shared].map((line) => `    ${line}`);
  return [...start, ...call, ...lines, ").wait()", "print(live.url)"].join("\n");
}

const configIn = ({ engine, cpu, memory_gb, gpu }: ServingConfig): string =>
  `modelyard.ServingConfig(${text(engine)}, cpu=${cpu}, memory_gb=${memory_gb}, gpu=${gpu ?? 0})`;

const strategyIn = ({ kind, percent, bake_seconds }: Shape<"Strategy">): string =>
  `modelyard.Strategy(${text(kind ?? "all_at_once")}, percent=${percent}, bake_seconds=${bake_seconds ?? "None"})`;

const approvalIn = ({ by, url }: Approval): string =>
  `modelyard.Approval(${text(by)}${url ? `, ${text(url)}` : ""})`;

function inShell({ origin, model, request, onto, strategy }: Meant): string {
  const { config, approval } = request;
  const command = onto
    ? `modelyard deployment update ${quoted(`${onto.environment}/${onto.name}`)}`
    : "modelyard deployment create";
  return [
    `MODELYARD_URL=${quoted(origin)} ${command}`,
    ...(request.version ? [`--version ${request.version}`] : []),
    ...(onto ? [] : [`--environment ${quoted(request.environment ?? "staging")}`]),
    ...(!onto && request.name ? [`--name ${quoted(request.name)}`] : []),
    ...(config
      ? [
          `--engine ${quoted(config.engine)} --cpu ${config.cpu} --memory-gb ${config.memory_gb} --gpu ${config.gpu ?? 0}`,
        ]
      : []),
    ...(onto && strategy
      ? [
          `--strategy ${strategy.kind} --percent ${strategy.percent} --bake ${strategy.bake_seconds ?? 0}`,
        ]
      : []),
    ...(approval ? [`--approved-by ${quoted(personOf(approval))}`] : []),
    ...(onto ? [] : [`${model.startsWith("-") ? "-- " : ""}${quoted(model)}`]),
  ].join(" \\\n  ");
}

const personOf = ({ by, url }: Approval): string => (url ? `${by} <${url}>` : by);

/** A string literal of Python: JSON's is one. */
const text = (value: string): string => JSON.stringify(value);

/** One word for a shell. */
const quoted = (value: string): string =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
