import { Button, Select } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { here } from "@/lib/here";
import type { Model } from "./api";

/** Picks two versions to compare; the two newest to begin with. */
export function DiffPicker({ model, a, b }: { model: Model; a?: number; b?: number }) {
  const latest = model.latest_version ?? 1;
  const [from, setFrom] = useState(a ?? Math.max(latest - 1, 1));
  const [to, setTo] = useState(b ?? latest);
  if (latest < 2) return null;
  const numbers = Array.from({ length: Math.min(latest, 500) }, (_, back) => ({
    value: String(latest - back),
    label: `v${latest - back}`,
  }));
  return (
    <div className="row wrap">
      {[
        { label: "Compare from", value: from, set: setFrom },
        { label: "Compare with", value: to, set: setTo },
      ].map((side) => (
        <Select
          key={side.label}
          aria-label={side.label}
          size="xs"
          style={{ width: 96 }}
          searchable
          allowDeselect={false}
          data={numbers}
          value={String(side.value)}
          onChange={(chosen) => chosen && side.set(Number(chosen))}
        />
      ))}
      <Button
        size="xs"
        variant="default"
        renderRoot={(props) => (
          <Link
            {...props}
            to="/w/$ws/models/$model/diff"
            params={{ ...here(), model: model.id }}
            search={{ a: from, b: to }}
          />
        )}
      >
        Compare versions
      </Button>
    </div>
  );
}
