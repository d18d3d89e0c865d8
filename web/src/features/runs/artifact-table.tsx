import { Button } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { count } from "@/lib/format";
import { Refused } from "@/ui/refused";
import { TableSkeleton } from "@/ui/skeletons";
import { artifactTable, ROWS_PER_PAGE, type TablePage } from "./api";
import classes from "./artifacts.module.css";

/** Rows of a Parquet, CSV or TSV file, a page at a time; the server reads the file. */
export function ArtifactTable({ id, path }: { id: string; path: string }) {
  const [offset, setOffset] = useState(0);
  const { data, error, isFetching } = useQuery({
    ...artifactTable(id, path, offset),
    placeholderData: keepPreviousData,
  });
  if (error) return <Refused error={error} />;
  if (!data) return <TableSkeleton />;
  const end = data.offset + data.rows.length;
  const isLast =
    data.total_rows === null ? data.rows.length < ROWS_PER_PAGE : end >= data.total_rows;
  return (
    <div className="stack tight">
      <Rows page={data} label={path} />
      <div className="row between wrap small dim">
        <span>
          {data.rows.length === 0
            ? "No rows"
            : `Rows ${count(data.offset + 1)} to ${count(end)}${data.total_rows === null ? "" : ` of ${count(data.total_rows)}`}`}
          {data.hidden_columns > 0 && `, ${count(data.hidden_columns)} more columns not shown`}
        </span>
        <span className="row">
          <Button
            variant="default"
            size="xs"
            disabled={offset === 0}
            onClick={() => setOffset(Math.max(offset - ROWS_PER_PAGE, 0))}
          >
            Previous rows
          </Button>
          <Button
            variant="default"
            size="xs"
            disabled={isLast}
            loading={isFetching}
            onClick={() => setOffset(offset + ROWS_PER_PAGE)}
          >
            Next rows
          </Button>
        </span>
      </div>
    </div>
  );
}

/** Rows with the type of each column; what is missing is marked, not left empty. */
export function Rows({ page, label }: { page: TablePage; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard
    <section className={classes.rows} aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {page.columns.map((column, place) => (
              <th key={place} scope="col" data-number={column.is_number}>
                {column.name}
                <span className="caption dim">{column.type}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {page.rows.map((row, index) => (
            <tr key={page.offset + index}>
              {row.map((cell, place) => (
                <td key={place} data-number={page.columns[place]?.is_number}>
                  {cell ?? <span className="dim">null</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
