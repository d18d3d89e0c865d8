import { Button, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Callout } from "@/ui/callout";
import { Refused } from "@/ui/refused";
import { AccessPage, Foot } from "./access-page";
import { useRequestReset } from "./api";
import { field } from "./form-field";

/** Asks for a reset link; the answer is the same whether or not the account exists. */
export function ForgotPage() {
  const request = useRequestReset();
  return (
    <AccessPage title="Forgot your password?" lead="We send a link that lets you choose a new one.">
      {request.isSuccess ? (
        <Callout tone="ok" role="status" title="If the account exists, a link is on its way">
          No mail server configured? Ask the operator: the server's command line prints a reset
          link.
        </Callout>
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            request.mutate({ email: field(new FormData(event.currentTarget), "email") });
          }}
        >
          <TextInput
            label="E-mail"
            name="email"
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
          />
          {request.error && <Refused error={request.error} />}
          <Button type="submit" fullWidth loading={request.isPending}>
            Send reset link
          </Button>
        </form>
      )}
      <Foot>
        <Link to="/sign-in">Back to sign in</Link>
      </Foot>
    </AccessPage>
  );
}
