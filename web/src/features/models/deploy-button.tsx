import { Button, type ButtonProps } from "@mantine/core";
import { useEffect, useRef } from "react";
import { QUICK_DEPLOY, useFlag } from "@/api/flags";

interface Props extends ButtonProps {
  of?: string;
  title?: string | undefined;
  onClick: () => void;
}

/** Opens the dialog that deploys: "Quick deploy" for whom that is on, else the full form. */
export function DeployButton({ of, onClick, ...look }: Props) {
  const word = useFlag(QUICK_DEPLOY) ? "Quick deploy" : "Deploy";
  const button = useKeyOfRow("d", onClick);
  return (
    <Button
      {...look}
      ref={button}
      aria-keyshortcuts="d"
      onClick={onClick}
      {...(of ? { "aria-label": `${word} ${of}` } : {})}
    >
      {word}
    </Button>
  );
}

/** A key that works while something in the same row of a table has the focus, and nowhere else. */
function useKeyOfRow(key: string, onPress: () => void) {
  const button = useRef<HTMLButtonElement>(null);
  const press = useRef(onPress);
  press.current = onPress;
  useEffect(() => {
    const row = button.current?.closest("tr");
    const hear = (event: KeyboardEvent) => {
      const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
      if (event.key !== key || !isPlain || isTyping(event.target)) return;
      event.preventDefault();
      press.current();
    };
    row?.addEventListener("keydown", hear);
    return () => row?.removeEventListener("keydown", hear);
  }, [key]);
  return button;
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element &&
  target.closest("input, textarea, select, [contenteditable]") !== null;
