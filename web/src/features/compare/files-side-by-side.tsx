import { useSuspenseQuery } from "@tanstack/react-query";
import { CodeBlock } from "@/ui/code-block";
import { LinesSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { artifactAddress, artifactText, PREVIEW_LIMIT, type Run, useFolders } from "./api";
import type { Stroke } from "./colours";
import classes from "./compare.module.css";
import { Swatch } from "./run-key";

const IMAGES = new Set(["png", "jpg", "jpeg", "gif", "webp"]);
const TEXTS = new Set(
  "txt md json yaml yml csv tsv log py toml ini cfg html xml sh sql mlmodel".split(" "),
);
const LINES = 200;

interface Props {
  path: string;
  runs: Run[];
  names: string[];
  strokes: Stroke[];
}

/** One file of every run that has it, beside one another. */
export function FilesSideBySide({ path, runs, names, strokes }: Props) {
  const folder = path.slice(0, Math.max(path.lastIndexOf("/"), 0));
  const { folders, isPending } = useFolders(runs, folder);
  if (isPending) return <LinesSkeleton lines={6} />;
  return (
    <div className="stack tight">
      <code className="dim">{path}</code>
      <section className={classes.files} aria-label={`${path} side by side`}>
        {runs.map((run, place) => {
          const entry = folders[place]?.find((one) => one.path === path && !one.is_dir);
          return (
            <div key={run.id} className="stack tight" style={{ minWidth: 0 }}>
              <strong className={`small ${classes.run}`}>
                {strokes[place] && <Swatch of={strokes[place]} />}
                {names[place]}
              </strong>
              {entry ? (
                <View loading={<LinesSkeleton lines={6} />}>
                  <Content id={run.id} path={path} size={entry.size_bytes ?? 0} of={names[place]} />
                </View>
              ) : (
                <p className="dim">This run has no such file.</p>
              )}
            </div>
          );
        })}
      </section>
    </div>
  );
}

interface ContentProps {
  id: string;
  path: string;
  size: number;
  of: string | undefined;
}

function Content({ id, path, size, of }: ContentProps) {
  const kind = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  if (IMAGES.has(kind)) return <img src={artifactAddress(id, path)} alt={`${path} of ${of}`} />;
  if (!TEXTS.has(kind)) return <p className="dim">This kind of file has no preview.</p>;
  if (size > PREVIEW_LIMIT) return <p className="dim">Too large to show here.</p>;
  return <Text id={id} path={path} />;
}

function Text({ id, path }: { id: string; path: string }) {
  const { data } = useSuspenseQuery(artifactText(id, path));
  const lines = data.split("\n");
  return (
    <>
      <CodeBlock code={lines.slice(0, LINES).join("\n")} label={path} />
      {lines.length > LINES && <p className="caption dim">The first {LINES} lines.</p>}
    </>
  );
}
