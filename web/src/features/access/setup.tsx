import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { FormEvent } from "react";
import type { Me } from "@/api/session";
import { Callout } from "@/ui/callout";
import { Refused } from "@/ui/refused";
import { AccessPage } from "./access-page";
import { setup, useCompleteSetup } from "./api";
import { field } from "./form-field";

interface Props {
  token: string;
  onEntered: (me: Me) => void;
}

/** The first page of a new installation: its owner, its organisation, its first workspace. */
export function SetupPage(props: Props) {
  return (
    <AccessPage
      title="Set up Modelyard"
      lead="Create the owner account and the first workspace. It takes one minute."
    >
      <SetupForm {...props} />
    </AccessPage>
  );
}

function SetupForm({ token, onEntered }: Props) {
  const { data: state } = useSuspenseQuery(setup());
  const complete = useCompleteSetup();
  if (!state.needs_owner) {
    return (
      <Callout
        title="This server already has its owner"
        action={<Link to="/sign-in">Sign in</Link>}
      >
        The setup link worked once and is spent.
      </Callout>
    );
  }
  if (!token) {
    return (
      <Callout tone="warn" title="The link is not complete">
        Copy the whole one-time link from the terminal, with <code>?token=…</code> at its end.
      </Callout>
    );
  }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    complete.mutate(
      {
        token,
        display_name: field(form, "display_name"),
        email: field(form, "email"),
        password: field(form, "password"),
        organisation_name: field(form, "organisation_name"),
        workspace_name: field(form, "workspace_name"),
      },
      { onSuccess: onEntered },
    );
  };
  return (
    <form className="stack" onSubmit={submit}>
      <TextInput
        label="Your name"
        name="display_name"
        autoComplete="name"
        required
        withAsterisk={false}
      />
      <TextInput
        label="E-mail"
        name="email"
        type="email"
        autoComplete="username"
        required
        withAsterisk={false}
      />
      <PasswordInput
        label="Password"
        description="At least 10 characters."
        name="password"
        autoComplete="new-password"
        minLength={10}
        required
        withAsterisk={false}
      />
      <TextInput
        label="Organisation"
        name="organisation_name"
        autoComplete="organization"
        required
        withAsterisk={false}
      />
      <TextInput
        label="Workspace"
        description="A team or a project. Its models, runs and keys are invisible to other workspaces."
        name="workspace_name"
        autoComplete="off"
        required
        withAsterisk={false}
      />
      {complete.error && <Refused error={complete.error} />}
      <Button type="submit" fullWidth loading={complete.isPending}>
        Create owner
      </Button>
    </form>
  );
}
