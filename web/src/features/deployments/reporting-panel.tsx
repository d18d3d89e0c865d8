import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Choice } from "@/ui/choice";
import { CodeBlock } from "@/ui/code-block";
import { Panel } from "@/ui/panel";
import { deployment } from "./api";
import { reportCalls } from "./reported-api";

const LANGUAGES = ["python", "curl"] as const;

/** How rows of a model that is served elsewhere come in; nothing for others. */
export function ReportingPanel({ id }: { id: string }) {
  const { data } = useSuspenseQuery(deployment(id));
  const [language, setLanguage] = useState<(typeof LANGUAGES)[number]>("python");
  if (data.kind !== "reported") return null;
  return (
    <Panel
      title="Report rows"
      note="Up to 10,000 in one request; counted within seconds"
      action={
        <Choice
          label="Language"
          value={language}
          options={LANGUAGES}
          names={{ python: "Python" }}
          onChange={setLanguage}
        />
      }
    >
      <div className="stack">
        <CodeBlock code={reportCalls(window.location.origin, id)[language]} label={language} />
        <p className="small dim">
          Name a prediction_id to send its outcome later, or send the outcome with the row. Upload
          reference rows on the tab Quality: drift is measured against them, and estimates learn
          from them. Without a reference the first 500 rows are the baseline.
        </p>
      </div>
    </Panel>
  );
}
