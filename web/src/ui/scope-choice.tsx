import { Checkbox } from "@mantine/core";

const SCOPES = [
  { value: "predict", label: "Ask for predictions" },
  { value: "feedback", label: "Send outcomes" },
] as const;
export type Scope = (typeof SCOPES)[number]["value"];

interface Props {
  value: Scope[];
  onChange: (chosen: Scope[]) => void;
}

/** What a key or an OAuth client may be let do. */
export function ScopeChoice({ value, onChange }: Props) {
  return (
    <Checkbox.Group label="May" value={value} onChange={(chosen) => onChange(chosen as Scope[])}>
      <div className="stack">
        {SCOPES.map((one) => (
          <Checkbox key={one.value} value={one.value} label={one.label} />
        ))}
      </div>
    </Checkbox.Group>
  );
}
