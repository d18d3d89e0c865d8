import { Button, PasswordInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, done } from "@/api/client";
import type { Shape } from "@/api/types";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";

/** Changes the password; the other sessions end. */
export function PasswordPanel() {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const change = useChangePassword();
  const forget = () => {
    setCurrent("");
    setNext("");
  };
  return (
    <Panel title="Password">
      <form
        className="stack"
        style={{ maxWidth: 420 }}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate({ current_password: current, new_password: next }, { onSuccess: forget });
        }}
      >
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          description="At least 10 characters."
          autoComplete="new-password"
          minLength={10}
          required
          withAsterisk={false}
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        {change.error && <Refused error={change.error} />}
        <div>
          <Button type="submit" loading={change.isPending}>
            Change password
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function useChangePassword() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (input: Shape<"PasswordChange">) =>
      done(await api.POST("/api/v1/me/password", { body: input })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["identity", "sessions"] });
      notifications.show({ message: "The password is changed." });
    },
  });
}
