import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { aRevision } from "@/test/deployments";
import { Rollout } from "./rollout";

test("a step that runs says for how long, beside what the others took", () => {
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
  const step = (name: "build" | "verify", status: "done" | "running", from: number) => ({
    name,
    status,
    detail: `${name}s`,
    started_at: ago(from),
    finished_at: status === "done" ? ago(from - 2) : null,
  });
  const steps = [step("build", "done", 600), step("verify", "running", 590)];
  render(<Rollout revision={aRevision({ status: "verifying", steps })} />);
  const [build, verify] = screen.getAllByRole("listitem");
  expect(build).toHaveTextContent("builds2");
  expect(verify).toHaveTextContent(/verifys9 min/);
});
