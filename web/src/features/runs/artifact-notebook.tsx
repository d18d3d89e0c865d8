import { useSuspenseQuery } from "@tanstack/react-query";
import { plural } from "@/lib/format";
import { CodeBlock } from "@/ui/code-block";
import { artifactText } from "./api";
import classes from "./artifacts.module.css";
import { type Cell, notebookOf, type Output } from "./notebook";

const MOST_CELLS = 200;

/** A notebook, drawn from its JSON: code, notes, printed text and pictures; its HTML is never run. */
export function ArtifactNotebook({ id, path }: { id: string; path: string }) {
  const { data } = useSuspenseQuery(artifactText(id, path));
  const notebook = notebookOf(data);
  if (!notebook) return <CodeBlock code={data} label={path} />;
  return (
    <div className="stack" style={{ minWidth: 0 }}>
      <p className="caption dim">
        {plural(notebook.cells.length, "cell")}, {notebook.language}. HTML that cells printed is
        shown as text.
      </p>
      {notebook.cells.slice(0, MOST_CELLS).map((cell, place) => (
        <Drawn key={place} cell={cell} />
      ))}
      {notebook.cells.length > MOST_CELLS && (
        <p className="caption dim">The first {MOST_CELLS} cells. Download it to see all.</p>
      )}
    </div>
  );
}

function Drawn({ cell }: { cell: Cell }) {
  if (cell.kind !== "code") return <div className={classes.note}>{cell.source}</div>;
  return (
    <div className="stack tight" style={{ minWidth: 0 }}>
      <CodeBlock code={cell.source} label={`Cell ${cell.count ?? ""}`} />
      {cell.outputs.map((output, place) => (
        <Printed key={place} output={output} />
      ))}
    </div>
  );
}

function Printed({ output }: { output: Output }) {
  if (output.kind === "image")
    return <img className={classes.picture} src={output.address} alt="Output of the cell" />;
  return (
    <pre className={`${classes.printed} ${output.kind === "error" ? classes.failed : ""}`}>
      {output.text}
    </pre>
  );
}
