import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";

export type ReportedCreate = Shape<"ReportedCreate">;

/** Watches a model that is served elsewhere. */
export function useCreateReported() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (wanted: ReportedCreate) =>
      body(await api.POST("/api/v1/deployments/reported", { body: wanted })),
    onSuccess: () => client.invalidateQueries(),
  });
}

/** Code that reports rows of a model that is served elsewhere. */
export function reportCalls(origin: string, id: string) {
  return {
    python: [
      "import modelyard",
      "",
      `client = modelyard.Client("${origin}")  # the token in MODELYARD_TOKEN`,
      "client.deployments.report(",
      `    "${id}",`,
      '    [{"inputs": {"age": 41.0, "city": "Bern"}, "prediction": 0.83, "latency_ms": 12}],',
      ")",
    ].join("\n"),
    curl: [
      `curl -X POST ${origin}/api/v1/deployments/${id}/reports`,
      '-H "Authorization: Bearer $MODELYARD_TOKEN"',
      '-H "Content-Type: application/json"',
      `-d '{"rows": [{"inputs": {"age": 41.0}, "prediction": 0.83}]}'`,
    ].join(" \\\n  "),
  };
}
