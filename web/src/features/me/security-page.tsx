import { PageHeader } from "@/ui/page-header";
import { PasswordPanel } from "./password-panel";
import { SessionsPanel } from "./sessions-panel";

/** One's own password and where one is signed in. */
export function SecurityPage() {
  return (
    <>
      <PageHeader title="Password and sessions" />
      <div className="stack">
        <PasswordPanel />
        <SessionsPanel />
      </div>
    </>
  );
}
