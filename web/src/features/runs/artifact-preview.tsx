import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { bytes } from "@/lib/format";
import { CodeBlock } from "@/ui/code-block";
import { CopyField } from "@/ui/copy-field";
import { LinesSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { artifactAddress, artifacts, artifactText, PREVIEW_LIMIT } from "./api";

const IMAGES = new Set(["png", "jpg", "jpeg", "gif", "webp", "svg"]);
const TEXTS = new Set(
  "txt md json yaml yml csv tsv log py toml ini cfg html xml sh sql mlmodel license requirements".split(
    " ",
  ),
);
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

function Content({
  id,
  path,
  name,
  size,
}: {
  id: string;
  path: string;
  name: string;
  size: number;
}) {
  const kind = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  if (size > PREVIEW_LIMIT)
    return <p className="dim">Too large to show here. Download it instead.</p>;
  if (IMAGES.has(kind)) {
    return (
      <img
        src={artifactAddress(id, path)}
        alt={name}
        style={{ maxWidth: "100%", borderRadius: 6 }}
      />
    );
  }
  if (TEXTS.has(kind)) return <Text id={id} path={path} isJson={kind === "json"} />;
  return <p className="dim">This kind of file has no preview.</p>;
}

function Text({ id, path, isJson }: { id: string; path: string; isJson: boolean }) {
  const { data } = useSuspenseQuery(artifactText(id, path));
  const lines = (isJson ? indented(data) : data).split("\n");
  return (
    <>
      <CodeBlock code={lines.slice(0, LINES).join("\n")} label={path} />
      {lines.length > LINES && (
        <p className="caption dim">The first {LINES} lines. Download it to see all.</p>
      )}
    </>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
