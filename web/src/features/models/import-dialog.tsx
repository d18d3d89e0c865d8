import { Button, FileInput, Modal, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { here } from "@/lib/here";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { useImportBundle } from "./bundle-api";

interface Props {
  opened: boolean;
  onClose: () => void;
}

/** Brings in a version that another installation exported as one file. */
export function ImportDialog({ opened, onClose }: Props) {
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState("");
  const [key, setKey] = useState("");
  const navigate = useNavigate();
  const bring = useImportBundle();

  function close() {
    bring.reset();
    setFile(null);
    onClose();
  }

  function submit() {
    if (!file) return;
    bring.mutate(
      { file, name: name.trim(), key: key.trim() },
      {
        onSuccess: (made) => {
          close();
          void navigate({
            to: "/w/$ws/models/$model/v/$version",
            params: { ...here(), model: made.model_id, version: String(made.version) },
          });
        },
      },
    );
  }

  return (
    <Modal opened={opened} onClose={close} title="Import a version">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <FileInput
          label="Bundle"
          description="A file that “Export” or modelyard model export wrote."
          placeholder="Choose a file"
          accept=".zip"
          value={file}
          onChange={setFile}
          required
          withAsterisk={false}
        />
        <TextInput
          label="Model name"
          description="Leave empty for the name it was exported with."
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label="Must be signed by"
          description="Public key of who sent it. Leave empty to take any that is undamaged."
          placeholder="ed25519:…"
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
        <p className="dim small">
          It is verified to its last byte before anything shows, then scanned like every version.
        </p>
        {bring.error && <Refused error={bring.error} />}
        <FormActions onCancel={close}>
          <Button type="submit" disabled={!file} loading={bring.isPending}>
            Import
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
