import { Button, type ButtonProps } from "@mantine/core";
import { QUICK_DEPLOY, useFlag } from "@/api/flags";

/** Opens the dialog that deploys: "Quick deploy" for whom that is on, else the full form. */
export function DeployButton({
  of,
  onClick,
  ...look
}: ButtonProps & { of?: string; title?: string | undefined; onClick: () => void }) {
  const word = useFlag(QUICK_DEPLOY) ? "Quick deploy" : "Deploy";
  return (
    <Button {...look} onClick={onClick} {...(of ? { "aria-label": `${word} ${of}` } : {})}>
      {word}
    </Button>
  );
}
