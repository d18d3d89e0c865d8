import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import { type Me, remembered, session } from "@/api/session";
import type { Shape } from "@/api/types";

/** Whether this installation still waits for its first owner. */
export const setup = () =>
  queryOptions({
    queryKey: ["identity", "setup"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/setup", { signal })),
  });

/** What an invitation link offers. */
export const invitation = (token: string) =>
  queryOptions({
    queryKey: ["workspaces", "invitation-link", token],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/invitation-links/{token}", { params: { path: { token } }, signal }),
      ),
    retry: false,
  });

/** Opens a session by any of the ways that lead to one, and takes it over. */
function useEntering<Input>(enter: (input: Input) => Promise<Me>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: enter,
    onSuccess: (me) => {
      queries.clear();
      queries.setQueryData(session().queryKey, remembered(me));
    },
  });
}

export const useSignIn = () =>
  useEntering(async (input: Shape<"SignIn">) =>
    body(await api.POST("/api/v1/session", { body: input })),
  );

export const useCompleteSetup = () =>
  useEntering(async (input: Shape<"SetupCreate">) =>
    body(await api.POST("/api/v1/setup", { body: input })),
  );

export const useAcceptInvitation = (token: string) =>
  useEntering(async (input: Shape<"InvitationAccept">) =>
    body(
      await api.POST("/api/v1/invitation-links/{token}", {
        params: { path: { token } },
        body: input,
      }),
    ),
  );

export const useRequestReset = () =>
  useMutation({
    mutationFn: async (input: Shape<"PasswordResetRequest">) =>
      done(await api.POST("/api/v1/password-resets", { body: input })),
  });

export const useResetPassword = (token: string) =>
  useMutation({
    mutationFn: async (input: Shape<"PasswordResetConfirm">) =>
      done(
        await api.POST("/api/v1/password-resets/{token}", {
          params: { path: { token } },
          body: input,
        }),
      ),
  });
