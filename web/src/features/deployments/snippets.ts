import type { Version } from "./api";

/** One call of an endpoint, in the languages people ask for. */
export interface Snippets {
  curl: string;
  python: string;
  javascript: string;
}

export const KEY_PLACEHOLDER = "$MODELYARD_ENDPOINT_KEY";

/** The first example that a generated OpenAPI document gives for a call. */
export function exampleIn(document: Record<string, unknown>, path: string): unknown {
  const steps = ["paths", path, "post", "requestBody", "content", "application/json", "example"];
  return steps.reduce<unknown>((at, step) => (isRecord(at) ? at[step] : undefined), document);
}

export interface Grpc {
  address: string;
  model: string;
  python: string;
}

/** How an endpoint is reached over gRPC, where that is spoken. */
export function grpcIn(document: Record<string, unknown>): Grpc | null {
  const told = document["x-modelyard-grpc"];
  if (!isRecord(told)) return null;
  const { address, model, python } = told;
  const isWhole =
    typeof address === "string" && typeof model === "string" && typeof python === "string";
  return isWhole ? { address, model, python } : null;
}

export interface Call {
  method: string;
  path: string;
  summary: string;
}

/** Every call that a generated OpenAPI document describes. */
export function callsIn(document: Record<string, unknown>): Call[] {
  const paths = isRecord(document.paths) ? document.paths : {};
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(isRecord(methods) ? methods : {}).map(([method, call]) => ({
      method: method.toUpperCase(),
      path,
      summary: isRecord(call) && typeof call.summary === "string" ? call.summary : "",
    })),
  );
}

/** The rows of a model's input example, whatever shape it was logged in. */
export function exampleRows(version: Version): unknown[] {
  const stored = version.input_example;
  const table =
    isRecord(stored) && isRecord(stored.dataframe_split) ? stored.dataframe_split : stored;
  if (isRecord(table) && Array.isArray(table.columns) && Array.isArray(table.data)) {
    const names = table.columns.map(String);
    return table.data.map((row: unknown) =>
      Array.isArray(row)
        ? Object.fromEntries(names.map((name, at) => [name, row[at] as unknown]))
        : row,
    );
  }
  if (isRecord(table) && Array.isArray(table.inputs)) return table.inputs;
  return Array.isArray(table) ? table : [];
}

/** A call that an endpoint answers: the path below its address, and a body. */
export interface Sample {
  path: string;
  body: unknown;
}

const CHAT = "/v1/chat/completions";

/** The call to show first: a chat where the model speaks, else a prediction. */
export function sampleIn(document: Record<string, unknown> | undefined): Sample {
  const chat = document && exampleIn(document, CHAT);
  if (chat) return { path: CHAT, body: chat };
  return { path: "/predict", body: (document && exampleIn(document, "/predict")) ?? { rows: [] } };
}

/** Code that makes a call. */
export function snippetsOf(url: string, { path, body }: Sample, key: string | null): Snippets {
  const [short, long] = [JSON.stringify(body), JSON.stringify(body, null, 2)];
  const isChat = path === CHAT;
  return {
    curl: [
      `curl -X POST ${url}${path}`,
      `-H "Authorization: Bearer ${key ?? KEY_PLACEHOLDER}"`,
      '-H "Content-Type: application/json"',
      `-d '${short.replaceAll("'", "'\\''")}'`,
    ].join(" \\\n  "),
    python: isChat
      ? chatInPython(url, body, key)
      : [
          "import json",
          "import os",
          "import urllib.request",
          "",
          `body = json.loads(r'''${long}''')`,
          "request = urllib.request.Request(",
          `    "${url}/predict",`,
          "    data=json.dumps(body).encode(),",
          "    headers={",
          `        "Authorization": f"Bearer ${key ?? "{os.environ['MODELYARD_ENDPOINT_KEY']}"}",`,
          '        "Content-Type": "application/json",',
          "    },",
          ")",
          'print(json.load(urllib.request.urlopen(request))["predictions"])',
        ].join("\n"),
    javascript: [
      `const answer = await fetch("${url}${path}", {`,
      '  method: "POST",',
      "  headers: {",
      key
        ? `    Authorization: "Bearer ${key}",`
        : // biome-ignore lint/suspicious/noTemplateCurlyInString: code to be copied
          "    Authorization: `Bearer ${process.env.MODELYARD_ENDPOINT_KEY}`,",
      '    "Content-Type": "application/json",',
      "  },",
      `  body: JSON.stringify(${long.replaceAll("\n", "\n  ")}),`,
      "});",
      isChat
        ? "console.log((await answer.json()).choices[0].message.content);"
        : "console.log((await answer.json()).predictions);",
    ].join("\n"),
  };
}

/** The chat with OpenAI's own client, as it is written. */
function chatInPython(url: string, body: unknown, key: string | null): string {
  const { model, messages } = isRecord(body) ? body : {};
  return [
    ...(key ? [] : ["import os", ""]),
    "from openai import OpenAI",
    "",
    "client = OpenAI(",
    `    base_url="${url}/v1",`,
    `    api_key=${key ? `"${key}"` : 'os.environ["MODELYARD_ENDPOINT_KEY"]'},`,
    ")",
    "events = client.chat.completions.create(",
    `    model=${JSON.stringify(model)},`,
    `    messages=${JSON.stringify(messages)},`,
    "    stream=True,",
    ")",
    "for event in events:",
    '    print(event.choices[0].delta.content or "", end="", flush=True)',
  ].join("\n");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
