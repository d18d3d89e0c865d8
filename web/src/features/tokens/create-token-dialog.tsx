import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMe } from "@/api/session";
import { isGivenRole, rolesUpTo } from "@/lib/roles";
import { CodeBlock } from "@/ui/code-block";
import { FormActions } from "@/ui/form-actions";
import { KeyReveal } from "@/ui/key-reveal";
import { Refused } from "@/ui/refused";
import { useCreateToken } from "./api";
import { environmentLines } from "./environment-lines";

interface Props {
  ws: string;
  opened: boolean;
  onClose: () => void;
}

const LIFETIMES = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "1 year" },
  { value: "never", label: "Never" },
];
const DAY_MS = 86_400_000;

/** Makes a token and shows it once, with the lines that use it. */
export function CreateTokenDialog({ ws, opened, onClose }: Props) {
  const own = useMe().workspaces.find((workspace) => workspace.slug === ws)?.role ?? "viewer";
  const roles = rolesUpTo(own);
  const [name, setName] = useState("");
  const [role, setRole] = useState<string | null>(
    roles.some((one) => one.value === "developer") ? "developer" : "viewer",
  );
  const [lifetime, setLifetime] = useState("90");
  const create = useCreateToken();
  const close = () => {
    setName("");
    create.reset();
    onClose();
  };
  const submit = () => {
    if (!isGivenRole(role)) return;
    const expires_at =
      lifetime === "never" ? null : new Date(Date.now() + Number(lifetime) * DAY_MS).toISOString();
    create.mutate({ name, role, expires_at });
  };
  return (
    <>
      <Modal opened={opened && !create.data} onClose={close} title="Create API token">
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <TextInput
            label="Name"
            description="Says where it is used."
            placeholder="laptop"
            required
            withAsterisk={false}
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label="Role"
            data={roles.map(({ value, label }) => ({ value, label }))}
            value={role}
            onChange={setRole}
          />
          <Select
            label="Expires"
            data={LIFETIMES}
            value={lifetime}
            onChange={(value) => setLifetime(value ?? "90")}
          />
          {create.error && <Refused error={create.error} />}
          <FormActions onCancel={close}>
            <Button type="submit" loading={create.isPending}>
              Create token
            </Button>
          </FormActions>
        </form>
      </Modal>
      <KeyReveal
        secret={create.data?.token ?? null}
        title="Your API token"
        label="token"
        onClose={close}
      >
        <CodeBlock
          wrap
          title="Use it with MLflow"
          code={environmentLines(create.data?.token ?? "")}
        />
        <CodeBlock title="Then try it" code="python examples/quickstart.py" />
      </KeyReveal>
    </>
  );
}
