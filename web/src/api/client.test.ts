import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { answers, refuses, server } from "@/test/server";
import { api, body, rememberCsrf } from "./client";

test("a change carries the workspace of the address bar and the session's CSRF token", async () => {
  window.history.pushState({}, "", "/w/fraud-team/settings/general");
  rememberCsrf("secret");
  let seen = new Headers();
  server.use(
    http.patch("*/api/v1/workspace", ({ request }) => {
      seen = request.headers;
      return HttpResponse.json({});
    }),
  );
  await api.PATCH("/api/v1/workspace", { body: { name: "Fraud" } });
  expect(seen.get("X-Modelyard-Workspace")).toBe("fraud-team");
  expect(seen.get("X-CSRF-Token")).toBe("secret");
});

test("a problem document becomes a refusal with its code and request id", async () => {
  refuses("get", "/api/v1/home", 403, "workspaces.not_allowed", "It needs the Developer role.");
  const refused = api.GET("/api/v1/home").then(body);
  await expect(refused).rejects.toMatchObject({
    status: 403,
    code: "workspaces.not_allowed",
    requestId: "req-1",
  });
});

test("a failure without a problem document still says what happened", async () => {
  answers("get", "/api/v1/home", "oops", 502);
  const failed = api.GET("/api/v1/home").then(body);
  await expect(failed).rejects.toMatchObject({ status: 502, code: "web.no_problem" });
});
