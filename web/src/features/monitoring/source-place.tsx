import { NumberInput, PasswordInput, Select, Textarea, TextInput } from "@mantine/core";
import type { Draft } from "./source-draft";

interface Props {
  draft: Draft;
  isKept: boolean;
  set: (change: Partial<Draft>) => void;
}

const TLS = [
  { value: "verify", label: "TLS, certificate verified" },
  { value: "encrypt", label: "TLS, any certificate" },
  { value: "off", label: "None: own networks only" },
] as const;

/** The fields of one kind of place. */
export function PlaceFields(props: Props) {
  if (props.draft.kind === "postgresql") return <DatabaseFields {...props} />;
  if (props.draft.kind === "s3") return <BucketFields {...props} />;
  return <WebFields {...props} />;
}

function DatabaseFields({ draft, isKept, set }: Props) {
  return (
    <>
      <div className="grid-2">
        <Line label="Host" of="host" draft={draft} set={set} required />
        <NumberInput
          label="Port"
          min={1}
          max={65535}
          hideControls
          value={draft.port}
          onChange={(value) => set({ port: Number(value) })}
        />
        <Line label="Database" of="database" draft={draft} set={set} required />
        <Select
          label="Encryption"
          allowDeselect={false}
          data={TLS}
          value={draft.tls}
          onChange={(chosen) =>
            set({ tls: TLS.find((one) => one.value === chosen)?.value ?? "verify" })
          }
        />
        <Line
          label="User"
          of="user"
          draft={draft}
          set={set}
          required
          hint="One that may only SELECT this table."
        />
        <Secret label="Password" of="password" draft={draft} set={set} isKept={isKept} />
      </div>
      <Textarea
        label="Table or query"
        description="A table's name, or one SELECT. It runs in a read-only transaction."
        required
        withAsterisk={false}
        autosize
        minRows={2}
        maxRows={8}
        value={draft.query}
        onChange={(event) => set({ query: event.currentTarget.value })}
      />
      <Line
        label="Column that grows"
        of="growing"
        draft={draft}
        set={set}
        hint="Highest in the newest rows, such as when they were written. Without one, everything is read every time."
      />
    </>
  );
}

function BucketFields({ draft, isKept, set }: Props) {
  return (
    <>
      <div className="grid-2">
        <Line
          label="Endpoint"
          of="endpoint"
          draft={draft}
          set={set}
          hint="Empty for Amazon S3."
          placeholder="https://"
        />
        <Line label="Region" of="region" draft={draft} set={set} required />
        <Line label="Bucket" of="bucket" draft={draft} set={set} required />
        <Line
          label="Object"
          of="object"
          draft={draft}
          set={set}
          required
          placeholder="labels.csv"
        />
        <Line label="Access key" of="access_key_id" draft={draft} set={set} required />
        <Secret
          label="Secret access key"
          of="secret_access_key"
          draft={draft}
          set={set}
          isKept={isKept}
        />
      </div>
      <p className="small dim">
        CSV or Parquet, up to 256 MiB and a million rows. Give a key that may only read this object.
      </p>
    </>
  );
}

function WebFields({ draft, isKept, set }: Props) {
  return (
    <>
      <Line
        label="Address"
        of="url"
        draft={draft}
        set={set}
        required={!isKept}
        placeholder={isKept ? "kept as it is" : "https://"}
        hint="A CSV or Parquet file, up to 256 MiB and a million rows."
      />
      <PasswordInput
        label="Token"
        description="Sent as Authorization: Bearer; not shown again."
        autoComplete="new-password"
        value={draft.token}
        onChange={(event) => set({ token: event.currentTarget.value })}
      />
    </>
  );
}

type TextField = { [K in keyof Draft]: Draft[K] extends string ? K : never }[keyof Draft];

interface LineProps {
  label: string;
  of: TextField;
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  hint?: string;
  placeholder?: string;
  required?: boolean;
}

function Line({ label, of, draft, set, hint, placeholder, required = false }: LineProps) {
  return (
    <TextInput
      label={label}
      description={hint}
      placeholder={placeholder ?? ""}
      required={required}
      withAsterisk={false}
      autoComplete="off"
      value={draft[of]}
      onChange={(event) => set({ [of]: event.currentTarget.value })}
    />
  );
}

interface SecretProps {
  label: string;
  of: "password" | "secret_access_key";
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  isKept: boolean;
}

function Secret({ label, of, draft, set, isKept }: SecretProps) {
  return (
    <PasswordInput
      label={label}
      description="Sealed; not shown again."
      placeholder={isKept ? "kept as it is" : ""}
      required={!isKept}
      withAsterisk={false}
      autoComplete="new-password"
      value={draft[of]}
      onChange={(event) => set({ [of]: event.currentTarget.value })}
    />
  );
}
