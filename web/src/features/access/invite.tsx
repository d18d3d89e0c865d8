import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import type { Me } from "@/api/session";
import { Refused } from "@/ui/refused";
import { statusWord } from "@/ui/status-badge";
import { AccessPage } from "./access-page";
import { invitation, useAcceptInvitation } from "./api";
import { field } from "./form-field";

interface Props {
  token: string;
  onEntered: (me: Me, workspaceName: string) => void;
}

/** Joins a workspace by an invitation link: a new account, or the one that is there. */
export function InvitePage(props: Props) {
  return (
    <AccessPage title="Join a workspace">
      <AcceptForm {...props} />
    </AccessPage>
  );
}

function AcceptForm({ token, onEntered }: Props) {
  const { data: offer } = useSuspenseQuery(invitation(token));
  const accept = useAcceptInvitation(token);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = field(form, "display_name");
    accept.mutate(
      { password: field(form, "password"), display_name: offer.has_account ? null : name },
      { onSuccess: (me) => onEntered(me, offer.workspace_name) },
    );
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p>
        You are invited to <strong>{offer.workspace_name}</strong> as {statusWord(offer.role)}.
      </p>
      <TextInput label="E-mail" value={offer.email} readOnly autoComplete="username" />
      {!offer.has_account && (
        <TextInput
          label="Your name"
          name="display_name"
          autoComplete="name"
          required
          withAsterisk={false}
        />
      )}
      <PasswordInput
        label="Password"
        description={offer.has_account ? "Of your existing account." : "At least 10 characters."}
        name="password"
        autoComplete={offer.has_account ? "current-password" : "new-password"}
        required
        withAsterisk={false}
      />
      {accept.error && <Refused error={accept.error} />}
      <Button type="submit" fullWidth loading={accept.isPending}>
        Join {offer.workspace_name}
      </Button>
    </form>
  );
}
