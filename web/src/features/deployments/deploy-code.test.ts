import { expect, test } from "vitest";
import { DEPLOYMENT, MODEL } from "@/test/deployments";
import { deployCode, type Meant } from "./deploy-code";
import { CANARY } from "./strategy-choice";

const picked: Meant = {
  origin: "https://models.example.com",
  model: "breast-cancer",
  request: {
    model_id: MODEL,
    version: 2,
    environment: "staging",
    name: "breast-cancer",
    use_auto_config: true,
    config: null,
    reviewed: { engine: "sklearn", cpu: 1, memory_gb: 1, gpu: 0 },
    accept_changes: false,
  },
  onto: null,
  strategy: null,
};
const byHand: Meant = {
  ...picked,
  model: "Ana's $(model)",
  request: {
    ...picked.request,
    use_auto_config: false,
    config: { engine: "python", cpu: 0.5, memory_gb: 2, gpu: 0 },
    approval: { by: 'Mia "M" Park', url: "https://tickets.example.com/7" },
  },
};

test("a new deployment as picked says what is wanted, not what was shown", () => {
  const code = deployCode(picked);
  expect(code.curl).toContain("https://models.example.com/api/v1/serving/deploy");
  const wanted = { version: 2, environment: "staging", name: "breast-cancer" };
  expect(code.curl).toContain(
    `-d '${JSON.stringify({ model_id: MODEL, ...wanted, use_auto_config: true })}'`,
  );
  expect(code.python).toContain(
    'deploy(\n    "breast-cancer",\n    version=2,\n    environment="staging",\n    name="breast-cancer",\n).wait()',
  );
  expect(code.cli.replaceAll(" \\\n ", "")).toBe(
    "MODELYARD_URL=https://models.example.com modelyard deployment create --version 2 --environment staging --name breast-cancer breast-cancer",
  );
});

test("a chosen setup, who approved it and names that a shell would read are kept whole", () => {
  const code = deployCode(byHand);
  expect(code.python).toContain(
    'config=modelyard.ServingConfig("python", cpu=0.5, memory_gb=2, gpu=0)',
  );
  expect(code.python).toContain(
    'approval=modelyard.Approval("Mia \\"M\\" Park", "https://tickets.example.com/7")',
  );
  expect(code.cli).toContain("--engine python --cpu 0.5 --memory-gb 2 --gpu 0");
  expect(code.cli).toContain(`--approved-by 'Mia "M" Park <https://tickets.example.com/7>'`);
  expect(code.cli).toContain("'Ana'\\''s $(model)'");
});

test("an update is the next revision of the deployment, as a canary when wanted", () => {
  const onto = { id: DEPLOYMENT, name: "breast-cancer", environment: "staging" };
  const code = deployCode({ ...picked, onto, strategy: CANARY });
  expect(code.curl).toContain(`/api/v1/deployments/${DEPLOYMENT}/revisions`);
  expect(code.curl).not.toContain("model_id");
  expect(code.curl).toContain('"kind":"canary"');
  expect(code.python).toContain('deployments.find("staging/breast-cancer")');
  expect(code.python).toContain(
    'strategy=modelyard.Strategy("canary", percent=10, bake_seconds=300)',
  );
  expect(code.cli).toContain("deployment update staging/breast-cancer");
  expect(code.cli).toContain("--strategy canary --percent 10 --bake 300");
});
