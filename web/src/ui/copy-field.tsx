import { ActionIcon, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import classes from "./states.module.css";

interface Props {
  value: string;
  /** What is copied, for the button's name: "Copy token". */
  label: string;
  /** Draws it like an input, for values that are meant to be taken away. */
  boxed?: boolean;
  /** Shown instead of the value, e.g. a short id. */
  shown?: string;
}

/** A value in code type with a copy button. */
export function CopyField({ value, label, boxed = false, shown = value }: Props) {
  return (
    <span className={`${classes.copyField} ${boxed ? classes.boxed : ""}`}>
      <code title={value}>{shown}</code>
      <CopyButton value={value} label={label} />
    </span>
  );
}

/** The bare copy button. */
export function CopyButton({ value, label }: { value: string; label: string }) {
  const clipboard = useClipboard({ timeout: 1_500 });
  const name = clipboard.copied ? "Copied" : `Copy ${label}`;
  return (
    <Tooltip label={name}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={26}
        aria-label={name}
        onClick={(event) => {
          event.stopPropagation();
          event.preventDefault();
          clipboard.copy(value);
        }}
      >
        {clipboard.copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
      </ActionIcon>
    </Tooltip>
  );
}
