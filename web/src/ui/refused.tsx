import { Button } from "@mantine/core";
import { Refusal } from "@/api/refusal";
import { Callout } from "./callout";
import { CopyField } from "./copy-field";

interface Props {
  error: Error;
  onRetry?: (() => void) | undefined;
}

const TITLES_BY_CODE: Record<string, string> = {
  "identity.wrong_credentials": "Not signed in",
  "identity.link_unusable": "This link does not work any more",
  "identity.too_many_attempts": "Too many attempts",
};
const TITLES: Record<number, string> = {
  401: "You are signed out",
  403: "You may not do this",
  404: "Not found",
  409: "This conflicts with what is there",
  422: "The server did not accept this",
  429: "Too many requests",
  503: "Not available right now",
};

/** The refused face of a view or action: what the server said, its code, the request to name to an operator. */
export function Refused({ error, onRetry }: Props) {
  const refusal = error instanceof Refusal ? error : null;
  const fields = refusal?.fields.filter((field) => !refusal.message.includes(field.problem)) ?? [];
  const title = refusal
    ? (TITLES_BY_CODE[refusal.code] ?? TITLES[refusal.status] ?? "The server failed")
    : "The server cannot be reached";
  return (
    <Callout
      tone="bad"
      role="alert"
      title={title}
      action={
        onRetry &&
        refusal?.status !== 404 && (
          <Button variant="default" size="xs" onClick={onRetry}>
            Retry
          </Button>
        )
      }
    >
      <p>{refusal ? refusal.message : "Check that it is running and that you are connected."}</p>
      {refusal && fields.length > 0 && (
        <ul>
          {fields.map((field) => (
            <li key={`${field.location} ${field.problem}`}>
              <code>{field.location}</code>: {field.problem}
            </li>
          ))}
        </ul>
      )}
      {refusal && (
        <div className="row wrap caption dim" style={{ marginTop: 4 }}>
          <code>{refusal.code}</code>
          {refusal.requestId && <CopyField label="request id" value={refusal.requestId} />}
        </div>
      )}
    </Callout>
  );
}
