import { Button, UnstyledButton } from "@mantine/core";
import { IconFile, IconFolder } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { bytes } from "@/lib/format";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import { type Run, useFolders } from "./api";
import type { Stroke } from "./colours";
import classes from "./compare.module.css";
import { type FileRow, fileRows, filesDiffer } from "./files";
import { FilesSideBySide } from "./files-side-by-side";
import { Swatch } from "./run-key";

interface Props {
  runs: Run[];
  names: string[];
  strokes: Stroke[];
}

/** The files of all runs, one folder at a time; a file opens side by side. */
export function FilesPanel({ runs, names, strokes }: Props) {
  const [folder, setFolder] = useState("");
  const [file, setFile] = useState("");
  const { folders, isPending, error } = useFolders(runs, folder);
  const rows = useMemo(() => fileRows(folders), [folders]);
  const open = (row: FileRow) => (row.isFolder ? setFolder(row.path) : setFile(row.path));
  return (
    <Panel
      title="Artifacts"
      note="The same path in each run. Choose a file to see it side by side."
    >
      <div className="stack">
        {folder && (
          <div className="row">
            <Button
              variant="default"
              size="xs"
              onClick={() => setFolder(folder.slice(0, Math.max(folder.lastIndexOf("/"), 0)))}
            >
              Up
            </Button>
            <code>{folder}</code>
          </div>
        )}
        {isPending && <LinesSkeleton lines={4} />}
        {error && <Refused error={error} />}
        {!isPending && !error && rows.length === 0 && (
          <EmptyState title="No artifacts logged">
            Models, plots and files of the runs appear here.
          </EmptyState>
        )}
        {rows.length > 0 && (
          <div className={classes.scroll}>
            <table className={classes.table} aria-label="Artifacts of each run">
              <thead>
                <tr>
                  <th scope="col" className={classes.key}>
                    Path
                  </th>
                  {names.map((name, place) => (
                    <th key={name} scope="col">
                      <span className={classes.run}>
                        {strokes[place] && <Swatch of={strokes[place]} />}
                        {name}
                      </span>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <FileLine key={row.path} row={row} isOpen={row.path === file} onOpen={open} />
                ))}
              </tbody>
            </table>
          </div>
        )}
        {file && <FilesSideBySide path={file} runs={runs} names={names} strokes={strokes} />}
      </div>
    </Panel>
  );
}

interface LineProps {
  row: FileRow;
  isOpen: boolean;
  onOpen: (row: FileRow) => void;
}

function FileLine({ row, isOpen, onOpen }: LineProps) {
  const name = row.path.slice(row.path.lastIndexOf("/") + 1);
  const differ = filesDiffer(row);
  return (
    <tr>
      <th scope="row" className={classes.key}>
        <UnstyledButton
          className="row small"
          mih={24}
          {...(row.isFolder ? {} : { "aria-pressed": isOpen })}
          onClick={() => onOpen(row)}
        >
          {row.isFolder ? (
            <IconFolder size={16} stroke={1.7} aria-label="Folder" style={{ flex: "none" }} />
          ) : (
            <IconFile size={16} stroke={1.7} aria-label="File" style={{ flex: "none" }} />
          )}
          <span>{name}</span>
        </UnstyledButton>
      </th>
      {row.cells.map((cell, place) => (
        <td key={place} className={differ && !row.isFolder ? classes.changed : undefined}>
          {cell ? (
            <>
              {row.isFolder && cell.size_bytes === null ? "folder" : bytes(cell.size_bytes)}
              {cell.sha256 && <code className={classes.delta}>{cell.sha256.slice(0, 12)}</code>}
            </>
          ) : (
            <span className="dim">–</span>
          )}
        </td>
      ))}
    </tr>
  );
}
