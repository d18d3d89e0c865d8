import { Button, Modal, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { FormActions } from "./form-actions";
import { Refused } from "./refused";

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** Says exactly what changes or disappears. */
  children: ReactNode;
  /** Verb and object: "Delete version 12". */
  confirmLabel: string;
  destructive?: boolean;
  /** A name that must be typed, for what cannot be undone. */
  typeToConfirm?: string;
  onConfirm: () => void;
  busy?: boolean;
  error?: Error | null;
}

/** Asks once before something that matters. */
export function ConfirmDialog(props: Props) {
  const {
    opened,
    onClose,
    title,
    confirmLabel,
    destructive,
    typeToConfirm,
    onConfirm,
    busy,
    error,
  } = props;
  const [typed, setTyped] = useState("");
  const close = () => {
    setTyped("");
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title={title}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
        }}
      >
        <div>{props.children}</div>
        {typeToConfirm && (
          <TextInput
            label={`Type ${typeToConfirm} to confirm`}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
          />
        )}
        {error && <Refused error={error} />}
        <FormActions onCancel={close}>
          <Button
            type="submit"
            {...(destructive ? { color: "red" } : {})}
            loading={busy ?? false}
            disabled={typeToConfirm !== undefined && typed !== typeToConfirm}
          >
            {confirmLabel}
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
