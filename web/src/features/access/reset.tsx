import { Button, PasswordInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Callout } from "@/ui/callout";
import { Refused } from "@/ui/refused";
import { AccessPage } from "./access-page";
import { useResetPassword } from "./api";
import { field } from "./form-field";

/** Sets a new password with the token of a reset link. */
export function ResetPage({ token }: { token: string }) {
  const reset = useResetPassword(token);
  return (
    <AccessPage title="Choose a new password" lead="All other sessions of the account are ended.">
      {reset.isSuccess ? (
        <Callout
          tone="ok"
          role="status"
          title="The password is changed"
          action={<Link to="/sign-in">Sign in</Link>}
        />
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            reset.mutate({ password: field(new FormData(event.currentTarget), "password") });
          }}
        >
          <PasswordInput
            label="New password"
            description="At least 10 characters."
            name="password"
            autoComplete="new-password"
            minLength={10}
            required
            withAsterisk={false}
          />
          {reset.error && <Refused error={reset.error} />}
          <Button type="submit" fullWidth loading={reset.isPending}>
            Change password
          </Button>
        </form>
      )}
    </AccessPage>
  );
}
