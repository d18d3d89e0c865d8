import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { bytes } from "@/lib/format";
import { CodeBlock } from "@/ui/code-block";
import { CopyField } from "@/ui/copy-field";
import { JsonTree } from "@/ui/json-tree";
import { LinesSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { artifactAddress, artifacts, artifactText, PREVIEW_LIMIT, TEXT_BYTES } from "./api";
import { ArtifactNotebook } from "./artifact-notebook";
import { ArtifactSandbox } from "./artifact-sandbox";
import { ArtifactTable, Rows } from "./artifact-table";
import { kindOf, tableIn } from "./file-kind";

const LINES = 500;

/** One file: its size and hash, a download, and what is in it where that can be shown. */
export function ArtifactPreview({ id, path }: { id: string; path: string }) {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  const { data } = useSuspenseQuery(artifacts(id, folder));
  const entry = data.find((one) => one.path === path);
  const name = path.slice(path.lastIndexOf("/") + 1);
  return (
    <section className="stack tight" aria-label={name} style={{ minWidth: 0 }}>
      <div className="row between wrap">
        <div style={{ minWidth: 0 }}>
          <CopyField value={path} label="path" />
          <div className="caption dim">
            {bytes(entry?.size_bytes)}
            {entry?.sha256 && ` · SHA-256 ${entry.sha256.slice(0, 12)}…`}
          </div>
        </div>
        <Button
          component="a"
          href={artifactAddress(id, path)}
          download={name}
          variant="default"
          size="xs"
          leftSection={<IconDownload size={14} aria-hidden />}
        >
          Download
        </Button>
      </div>
      <View loading={<LinesSkeleton lines={8} />}>
        <Content id={id} path={path} name={name} size={entry?.size_bytes ?? 0} />
      </View>
    </section>
  );
}

interface ContentProps {
  id: string;
  path: string;
  name: string;
  size: number;
}

function Content({ id, path, name, size }: ContentProps) {
  const kind = kindOf(name);
  if (kind === "table") return <ArtifactTable id={id} path={path} />;
  if (kind === "none") return <p className="dim">This kind of file has no preview.</p>;
  if (kind === "text") return <Text id={id} path={path} size={size} />;
  if (size > PREVIEW_LIMIT)
    return <p className="dim">Too large to show here. Download it instead.</p>;
  if (kind === "image") {
    return (
      <img
        src={artifactAddress(id, path)}
        alt={name}
        style={{ maxWidth: "100%", borderRadius: 6 }}
      />
    );
  }
  if (kind === "page") return <ArtifactSandbox id={id} path={path} />;
  if (kind === "notebook") return <ArtifactNotebook id={id} path={path} />;
  return <Json id={id} path={path} />;
}

function Json({ id, path }: { id: string; path: string }) {
  const { data } = useSuspenseQuery(artifactText(id, path));
  const [asTree, setAsTree] = useState(true);
  const value = useMemo(() => parsed(data), [data]);
  const table = useMemo(() => tableIn(value), [value]);
  if (value === undefined) return <CodeBlock code={data} label={path} />;
  if (table && asTree) {
    return (
      <div className="stack tight">
        <Rows page={table} label={path} />
        <Button variant="subtle" size="xs" onClick={() => setAsTree(false)}>
          Show as JSON
        </Button>
      </div>
    );
  }
  return <JsonTree value={value} label={path} />;
}

function Text({ id, path, size }: { id: string; path: string; size: number }) {
  const { data } = useSuspenseQuery(artifactText(id, path, size > TEXT_BYTES));
  const lines = data.split("\n");
  return (
    <>
      <CodeBlock code={lines.slice(0, LINES).join("\n")} label={path} />
      {(lines.length > LINES || size > TEXT_BYTES) && (
        <p className="caption dim">
          The first {Math.min(lines.length, LINES)} lines of {bytes(size)}. Download it to see all.
        </p>
      )}
    </>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
