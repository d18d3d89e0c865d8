import { Button, Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { Callout } from "./callout";
import { CopyField } from "./copy-field";

interface Props {
  /** `null` keeps the dialog closed. */
  secret: string | null;
  title: string;
  /** What it is, for the copy button: "token". */
  label: string;
  onClose: () => void;
  /** How to use it: code blocks. */
  children?: ReactNode;
}

/** Shows a secret the one time it exists in clear. */
export function KeyReveal({ secret, title, label, onClose, children }: Props) {
  return (
    <Modal
      opened={secret !== null}
      onClose={onClose}
      title={title}
      size="lg"
      closeOnClickOutside={false}
    >
      <div className="stack">
        <Callout tone="warn" title="Copy it now">
          It is shown this once. Only a hash of it is kept.
        </Callout>
        <CopyField value={secret ?? ""} label={label} boxed />
        {children}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button onClick={onClose}>Done</Button>
        </div>
      </div>
    </Modal>
  );
}
