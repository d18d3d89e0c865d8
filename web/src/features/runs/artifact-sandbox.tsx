import { useSuspenseQuery } from "@tanstack/react-query";
import { artifactView } from "./api";
import classes from "./artifacts.module.css";

/** HTML or SVG of a run, from an origin of its own: it sees no cookie, no page of ours, and no network. */
export function ArtifactSandbox({ id, path }: { id: string; path: string }) {
  const { data } = useSuspenseQuery(artifactView(id, path));
  return (
    <div className="stack tight">
      <iframe
        className={classes.sandbox}
        src={data.url}
        title={`Contents of ${path}`}
        sandbox="allow-scripts"
        referrerPolicy="no-referrer"
      />
      <p className="caption dim">
        Shown in a sandbox without network: parts that the file loads from elsewhere are missing.
      </p>
    </div>
  );
}
