import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Member = Shape<"MemberOut">;
export type Invitation = Shape<"InvitationOut">;

export const members = () =>
  queryOptions({
    queryKey: ["workspaces", "members"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/members", { signal })),
  });

export const invitations = () =>
  queryOptions({
    queryKey: ["workspaces", "invitations"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/invitations", { signal })),
  });

function useChange<Input, Output>(change: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queries.invalidateQueries({ queryKey: ["workspaces"] }),
  });
}

export const useInvite = () =>
  useChange(async (input: Shape<"InvitationCreate">) =>
    body(await api.POST("/api/v1/invitations", { body: input })),
  );

export const useWithdraw = () =>
  useChange(async (invitation_id: string) =>
    done(
      await api.DELETE("/api/v1/invitations/{invitation_id}", {
        params: { path: { invitation_id } },
      }),
    ),
  );

export const useChangeRole = () =>
  useChange(async ({ user_id, role }: { user_id: string } & Shape<"MemberPatch">) =>
    body(
      await api.PATCH("/api/v1/members/{user_id}", {
        params: { path: { user_id } },
        body: { role },
      }),
    ),
  );

export const useRemoveMember = () =>
  useChange(async (user_id: string) =>
    done(await api.DELETE("/api/v1/members/{user_id}", { params: { path: { user_id } } })),
  );
