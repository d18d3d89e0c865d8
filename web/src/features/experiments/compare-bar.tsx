import { Button, Tooltip } from "@mantine/core";
import { IconColumns } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { here } from "@/lib/here";
import { MOST_COMPARED, whyNotCompared } from "./selection";

/** What can be done with the selected runs. */
export function CompareBar({
  selected,
  base,
  onClear,
}: {
  selected: readonly string[];
  base: string;
  onClear: () => void;
}) {
  const navigate = useNavigate();
  const why = whyNotCompared(selected);
  return (
    <>
      <Tooltip label={why ?? "Compare them side by side"}>
        <Button
          leftSection={<IconColumns size={16} stroke={1.7} aria-hidden />}
          data-disabled={why !== null}
          aria-disabled={why !== null}
          onClick={() =>
            why === null &&
            void navigate({
              to: "/w/$ws/compare",
              params: here(),
              search: { runs: selected.join(","), ...(selected.includes(base) ? { base } : {}) },
            })
          }
        >
          Compare ({selected.length})
        </Button>
      </Tooltip>
      {selected.length > 0 && (
        <Button variant="subtle" onClick={onClear}>
          Clear selection
        </Button>
      )}
      <span className="sr-only" aria-live="polite">
        {selected.length > MOST_COMPARED ? why : ""}
      </span>
    </>
  );
}
