import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { SecurityPage } from "./security-page";

const AT = "2026-11-20T08:00:00Z";
const here = {
  id: "s-1",
  created_at: AT,
  last_seen_at: AT,
  expires_at: AT,
  ip_address: "127.0.0.1",
  user_agent: "Mozilla/5.0 (X11; Linux) Chrome/140 Safari/537",
  is_current: true,
};

test("a session elsewhere can be ended, the current one cannot", async () => {
  answers("get", "/api/v1/me/sessions", [
    here,
    { ...here, id: "s-2", is_current: false, user_agent: null },
  ]);
  const ended = answers("delete", "/api/v1/me/sessions/s-2", null, 204);
  await renderView(<SecurityPage />);
  expect(await screen.findByText("Chrome on Linux")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "End session" }));
  expect(ended).toHaveLength(1);
});

test("a wrong current password is said and nothing is forgotten", async () => {
  answers("get", "/api/v1/me/sessions", [here]);
  refuses(
    "post",
    "/api/v1/me/password",
    422,
    "identity.current_password_wrong",
    "The current password is wrong.",
  );
  await renderView(<SecurityPage />);
  await userEvent.type(screen.getByLabelText("Current password"), "wrong");
  await userEvent.type(screen.getByLabelText("New password"), "long enough 1");
  await userEvent.click(screen.getByRole("button", { name: "Change password" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("The current password is wrong.");
  expect(screen.getByLabelText("New password")).toHaveValue("long enough 1");
});
