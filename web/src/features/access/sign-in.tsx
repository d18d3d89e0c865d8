import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Me } from "@/api/session";
import { Callout } from "@/ui/callout";
import { Refused } from "@/ui/refused";
import { AccessPage, Foot } from "./access-page";
import { setup, useSignIn } from "./api";

/** E-mail and password; afterwards the page that was asked for. */
export function SignInPage({ onEntered }: { onEntered: (me: Me) => void }) {
  return (
    <AccessPage title="Sign in" lead="Welcome back.">
      <SignInForm onEntered={onEntered} />
    </AccessPage>
  );
}

function SignInForm({ onEntered }: { onEntered: (me: Me) => void }) {
  const { data: state } = useSuspenseQuery(setup());
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useSignIn();
  if (state.needs_owner) {
    return (
      <Callout title="This server has no owner yet">
        Open the one-time link that <code>make run</code> printed. It creates the first account.
      </Callout>
    );
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        signIn.mutate({ email, password }, { onSuccess: onEntered });
      }}
    >
      <TextInput
        label="E-mail"
        type="email"
        name="email"
        autoComplete="username"
        required
        withAsterisk={false}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        name="password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      {signIn.error && <Refused error={signIn.error} />}
      <Button type="submit" fullWidth loading={signIn.isPending}>
        Sign in
      </Button>
      <Foot>
        <Link to="/forgot">Forgot your password?</Link>
      </Foot>
    </form>
  );
}
