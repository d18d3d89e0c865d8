import { Button } from "@mantine/core";
import type { ReactNode } from "react";

/** The last row of a dialog's form: Cancel, then the button that sends it. */
export function FormActions({ onCancel, children }: { onCancel: () => void; children: ReactNode }) {
  return (
    <div className="row" style={{ justifyContent: "flex-end" }}>
      <Button variant="default" onClick={onCancel}>
        Cancel
      </Button>
      {children}
    </div>
  );
}
