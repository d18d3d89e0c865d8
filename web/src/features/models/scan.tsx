import { Button, Modal, Textarea } from "@mantine/core";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { FormActions } from "@/ui/form-actions";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import type { Tone } from "@/ui/tone";
import { useFocusBack } from "@/ui/use-focus-back";
import type { Version } from "./api";
import { useReleaseScan, useWithdrawRelease } from "./page-api";

type Scan = NonNullable<Version["scan"]>;

const TONES: Record<Scan["verdict"] | "notice", Tone> = {
  clean: "ok",
  suspicious: "warn",
  blocked: "bad",
  notice: "info",
};
const WORDS = { clean: "Clean", suspicious: "Suspicious", blocked: "Blocked", notice: "Note" };

/** What the scan of a version's files came to; an admin can release what is suspicious. */
export function ScanPanel({ version }: { version: Version }) {
  const { scan } = version;
  return (
    <Panel title="Scan" note="Every file is read, none is loaded">
      {scan ? (
        <Found version={version} scan={scan} />
      ) : (
        <p className="dim">The files have not been scanned yet.</p>
      )}
    </Panel>
  );
}

function Found({ version, scan }: { version: Version; scan: Scan }) {
  const [asking, setAsking] = useState(false);
  const mayRelease = usePermission("scans.release");
  const withdraw = useWithdrawRelease(version);
  return (
    <div className="stack">
      <div className="row wrap">
        <StatusBadge tone={TONES[scan.verdict]}>{WORDS[scan.verdict]}</StatusBadge>
        <span className="small dim">
          <Time at={scan.scanned_at} />
        </span>
      </div>
      <p className="small">
        Format <code>{scan.format}</code>
        {scan.format_path && (
          <>
            {" "}
            told from <code>{scan.format_path}</code>
          </>
        )}
        . {scan.format_evidence}
      </p>
      {version.obstacle && <p className="small">{version.obstacle}</p>}
      {scan.reasons.length > 0 && (
        <ul className="stack tight">
          {scan.reasons.map((reason) => (
            <li key={`${reason.path} ${reason.says}`} className="small">
              <StatusBadge tone={TONES[reason.level]}>{WORDS[reason.level]}</StatusBadge>{" "}
              <code>{reason.path}</code> {reason.says}
            </li>
          ))}
        </ul>
      )}
      {scan.released_at ? (
        <p className="small">
          Released by {scan.released_by_name} <Time at={scan.released_at} />: “{scan.release_reason}
          ”{" "}
          {mayRelease && (
            <Button
              variant="default"
              size="xs"
              loading={withdraw.isPending}
              onClick={() => withdraw.mutate()}
            >
              Withdraw release
            </Button>
          )}
        </p>
      ) : (
        scan.verdict === "suspicious" &&
        mayRelease && (
          <div>
            <Button variant="default" size="xs" onClick={() => setAsking(true)}>
              Release with a reason
            </Button>
          </div>
        )
      )}
      {withdraw.error && <Refused error={withdraw.error} />}
      {asking && <ReleaseDialog version={version} onClose={() => setAsking(false)} />}
    </div>
  );
}

const SHORTEST = 10;

function ReleaseDialog({ version, onClose }: { version: Version; onClose: () => void }) {
  useFocusBack();
  const [reason, setReason] = useState("");
  const release = useReleaseScan(version);
  return (
    <Modal opened onClose={onClose} title={`Release version ${version.version}?`}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          release.mutate(reason.trim(), { onSuccess: onClose });
        }}
      >
        <p>
          It can be deployed from then on, wherever this content is registered. Your reason is kept
          in the audit trail.
        </p>
        <Textarea
          label="Reason"
          description="What you looked at, and why it is fine"
          autosize
          minRows={2}
          data-autofocus
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {release.error && <Refused error={release.error} />}
        <FormActions onCancel={onClose}>
          <Button
            type="submit"
            loading={release.isPending}
            disabled={reason.trim().length < SHORTEST}
          >
            Release version
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
