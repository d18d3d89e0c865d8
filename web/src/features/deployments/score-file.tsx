import { Button, FileInput, Select, TextInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { revisionList } from "./api";
import { useScoreFile, useScoreRunFile } from "./batches";

const ANY = "by traffic";
const HERE = "this computer";
const OF_RUN = "a run";

/** Chooses a file, from here or from a run, and the version that scores it. */
export function ScoreFile({ id }: { id: string }) {
  const { data: revisions } = useSuspenseQuery(revisionList(id));
  const send = useScoreFile(id);
  const pick = useScoreRunFile(id);
  const [from, setFrom] = useState(HERE);
  const [file, setFile] = useState<File | null>(null);
  const [run, setRun] = useState("");
  const [path, setPath] = useState("");
  const [chosen, setChosen] = useState(ANY);
  const served = revisions.filter((one) => one.live_from !== null && one.live_until === null);
  const versions = [...new Set(served.map((one) => String(one.version)))];
  const version = chosen === ANY ? null : Number(chosen);
  const isComplete = from === HERE ? file !== null : run !== "" && path !== "";
  const refused = send.error ?? pick.error;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (from === OF_RUN) {
      const request = { run_id: run.trim(), path: path.trim(), version };
      pick.mutate(request, { onSuccess: () => setPath("") });
    } else if (file) {
      send.mutate({ file, version }, { onSuccess: () => setFile(null) });
    }
  };
  return (
    <Panel
      title="Score a file"
      note="CSV, JSON lines or Parquet. Columns the model does not know are kept beside the results."
    >
      <form className="stack" onSubmit={submit}>
        <div className="row wrap" style={{ alignItems: "flex-end" }}>
          <Select
            label="From"
            data={[HERE, OF_RUN]}
            value={from}
            onChange={(value) => setFrom(value ?? HERE)}
            allowDeselect={false}
            w={150}
          />
          {from === HERE ? (
            <FileInput
              label="File"
              placeholder="Choose a file"
              accept=".csv,.tsv,.jsonl,.ndjson,.parquet"
              value={file}
              onChange={setFile}
              w={240}
            />
          ) : (
            <>
              <TextInput
                label="Run id"
                value={run}
                onChange={(event) => setRun(event.currentTarget.value)}
                w={260}
              />
              <TextInput
                label="Path of the artifact"
                placeholder="data/rows.parquet"
                value={path}
                onChange={(event) => setPath(event.currentTarget.value)}
                w={220}
              />
            </>
          )}
          <Select
            label="Version"
            data={[
              { value: ANY, label: "By the traffic split" },
              ...versions.map((one) => ({ value: one, label: `Version ${one}` })),
            ]}
            value={chosen}
            onChange={(value) => setChosen(value ?? ANY)}
            allowDeselect={false}
            w={180}
          />
          <Button type="submit" disabled={!isComplete} loading={send.isPending || pick.isPending}>
            Score file
          </Button>
        </div>
        {refused && <Refused error={refused} />}
      </form>
    </Panel>
  );
}
