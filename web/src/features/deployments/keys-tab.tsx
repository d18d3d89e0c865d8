import { Button } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { usePermission } from "@/api/session";
import { count } from "@/lib/format";
import { CodeBlock } from "@/ui/code-block";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { KeyReveal } from "@/ui/key-reveal";
import { Panel } from "@/ui/panel";
import { Time } from "@/ui/time";
import { useRevokeKey } from "./actions";
import { deployment, type Key, keyList } from "./api";
import { useCallExample } from "./call-example";
import { speaks } from "./chat";
import { CreateKey } from "./create-key";
import { RotateKey } from "./rotate-key";
import { snippetsOf } from "./snippets";

/** The keys that open this endpoint. */
export function KeysTab({ id }: { id: string }) {
  const { data: keys } = useSuspenseQuery(keyList(id));
  const { data } = useSuspenseQuery(deployment(id));
  const example = useCallExample(data);
  const mayManage = usePermission("keys.manage");
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const [leaving, setLeaving] = useState<Key | null>(null);
  const revoke = useRevokeKey(id);
  const [turning, setTurning] = useState<Key | null>(null);
  const columns = useMemo(() => columnsOf(mayManage ? setLeaving : null, setTurning), [mayManage]);
  const create = mayManage && <Button onClick={() => setMaking(true)}>Create key</Button>;
  return (
    <>
      <Panel
        title="Endpoint keys"
        note="Each caller of the address gets its own."
        action={create}
        flush
      >
        {keys.length === 0 ? (
          <EmptyState icon={<IconKey size={22} />} title="No key opens this endpoint yet">
            Create one to call the address from your own code.
          </EmptyState>
        ) : (
          <DataTable label="Endpoint keys" columns={columns} rows={keys} rowKey={(row) => row.id} />
        )}
      </Panel>
      <CreateKey
        id={id}
        hasTokens={speaks(data)}
        opened={making}
        onClose={() => setMaking(false)}
        onMade={setMade}
      />
      <RotateKey id={id} of={turning} onClose={() => setTurning(null)} onMade={setMade} />
      <KeyReveal
        secret={made}
        title="Your endpoint key"
        label="endpoint key"
        onClose={() => setMade(null)}
      >
        <CodeBlock title="Call it" label="curl" code={snippetsOf(data.url, example, made).curl} />
      </KeyReveal>
      <ConfirmDialog
        opened={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Revoke ${leaving?.name}?`}
        confirmLabel="Revoke key"
        destructive
        onConfirm={() =>
          leaving && revoke.mutate(leaving.id, { onSuccess: () => setLeaving(null) })
        }
        busy={revoke.isPending}
        error={revoke.error}
      >
        Callers that use it are refused from now on. This cannot be undone.
      </ConfirmDialog>
    </>
  );
}

const usedOf = (used: number, quota: number | null | undefined) =>
  typeof quota === "number" ? `${count(used)} of ${count(quota)}` : count(used);

const monthOf = (key: Key) => {
  const { calls_this_month: calls, tokens_this_month: tokens } = key;
  if (typeof calls !== "number") return <span className="dim">Not counted</span>;
  const called = usedOf(calls, key.requests_per_month);
  if (typeof tokens !== "number") return called;
  return (
    <div>
      <div>{called} requests</div>
      <div>{usedOf(tokens, key.tokens_per_month)} tokens</div>
    </div>
  );
};

const columnsOf = (
  onRevoke: ((key: Key) => void) | null,
  onRotate: (key: Key) => void,
): Column<Key>[] => [
  { id: "name", header: "Name", cell: (row) => row.name },
  { id: "id", header: "Key", cell: (row) => <code>myk_{row.public_id}_…</code> },
  { id: "scopes", header: "May", cell: (row) => row.scopes.join(", ") },
  {
    id: "rpm",
    header: "Requests a minute",
    align: "end",
    cell: (row) => (row.requests_per_minute === null ? "No limit" : count(row.requests_per_minute)),
  },
  { id: "quota", header: "This month", align: "end", cell: (row) => monthOf(row) },
  { id: "created", header: "Created", cell: (row) => <Time at={row.created_at} /> },
  {
    id: "expires",
    header: "Expires",
    cell: (row) => (
      <div>
        {row.expires_at ? <Time at={row.expires_at} /> : "Never"}
        {row.replaced_by && (
          <div className="dim">
            Replaced by <code>myk_{row.replaced_by}_…</code>
          </div>
        )}
      </div>
    ),
  },
  {
    id: "used",
    header: "Last used",
    cell: (row) => (row.last_used_at ? <Time at={row.last_used_at} /> : "Never"),
  },
  {
    id: "revoke",
    header: "",
    align: "end",
    cell: (row) =>
      onRevoke && (
        <span className="row">
          {!row.replaced_by && (
            <Button
              variant="default"
              size="xs"
              aria-label={`Rotate ${row.name}`}
              onClick={() => onRotate(row)}
            >
              Rotate
            </Button>
          )}
          <Button
            variant="default"
            size="xs"
            aria-label={`Revoke ${row.name}`}
            onClick={() => onRevoke(row)}
          >
            Revoke
          </Button>
        </span>
      ),
  },
];
