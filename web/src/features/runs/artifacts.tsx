import { useSuspenseQuery } from "@tanstack/react-query";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { artifacts } from "./api";
import { ArtifactPreview } from "./artifact-preview";
import { ArtifactTree } from "./artifact-tree";
import classes from "./artifacts.module.css";

interface Props {
  id: string;
  /** Path of the shown file, "" for none. */
  selected: string;
  onSelect: (path: string) => void;
}

/** The files of a run: a tree on the left, the chosen file on the right. */
export function Artifacts({ id, selected, onSelect }: Props) {
  const { data } = useSuspenseQuery(artifacts(id, ""));
  return (
    <Panel title="Artifacts">
      {data.length === 0 ? (
        <EmptyState title="No artifacts logged">
          Models, plots and files of the run appear here.
        </EmptyState>
      ) : (
        <div className={classes.split}>
          <ArtifactTree id={id} entries={data} selected={selected} onSelect={onSelect} />
          {selected ? (
            <ArtifactPreview key={selected} id={id} path={selected} />
          ) : (
            <EmptyState title="Choose a file to see it" />
          )}
        </div>
      )}
    </Panel>
  );
}
