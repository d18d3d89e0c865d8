import type { Shape } from "@/api/types";

/** Who approved it, linked to where that is written. */
export function Approved({ approval }: { approval: Shape<"Approval"> | null }) {
  if (!approval) return <span className="dim">–</span>;
  if (!approval.url) return approval.by;
  return (
    <a href={approval.url} target="_blank" rel="noopener noreferrer nofollow">
      {approval.by}
    </a>
  );
}
