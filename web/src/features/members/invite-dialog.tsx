import { Button, Modal, Radio, TextInput } from "@mantine/core";
import { useState } from "react";
import { isGivenRole, ROLES } from "@/lib/roles";
import { FormActions } from "@/ui/form-actions";
import { KeyReveal } from "@/ui/key-reveal";
import { Refused } from "@/ui/refused";
import { useInvite } from "./api";

interface Props {
  opened: boolean;
  onClose: () => void;
}

/** Invites one person; the link is shown once. */
export function InviteDialog({ opened, onClose }: Props) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("developer");
  const invite = useInvite();
  const close = () => {
    setEmail("");
    invite.reset();
    onClose();
  };
  return (
    <>
      <Modal opened={opened && !invite.data} onClose={close} title="Invite member">
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            if (isGivenRole(role)) invite.mutate({ email, role });
          }}
        >
          <TextInput
            label="E-mail"
            type="email"
            required
            withAsterisk={false}
            data-autofocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <Radio.Group label="Role" value={role} onChange={setRole}>
            <div className="stack tight" style={{ marginTop: 8 }}>
              {ROLES.map((one) => (
                <Radio key={one.value} value={one.value} label={one.label} description={one.text} />
              ))}
            </div>
          </Radio.Group>
          {invite.error && <Refused error={invite.error} />}
          <FormActions onCancel={close}>
            <Button type="submit" loading={invite.isPending}>
              Send invitation
            </Button>
          </FormActions>
        </form>
      </Modal>
      <KeyReveal
        secret={invite.data ? new URL(invite.data.link, window.location.origin).href : null}
        title={`Invitation for ${invite.data?.email ?? ""}`}
        label="invitation link"
        onClose={close}
      >
        <p className="dim">
          Send this link to the person. If a mail server is set up, it is on its way already.
        </p>
      </KeyReveal>
    </>
  );
}
