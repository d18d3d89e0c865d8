/** Code that tells the server what really came of a prediction. */
export function outcomeCalls(origin: string, deploymentId: string) {
  return {
    curl: [
      `curl -X POST ${origin}/api/v1/deployments/${deploymentId}/outcomes`,
      '-H "Authorization: Bearer $MODELYARD_TOKEN"',
      '-H "Content-Type: application/json"',
      `-d '{"prediction_id": "the id in the answer", "value": 1}'`,
    ].join(" \\\n  "),
    python: [
      "import modelyard",
      "",
      `client = modelyard.Client("${origin}")  # the token in MODELYARD_TOKEN`,
      "client.deployments.send_outcomes(",
      `    "${deploymentId}", {"the id in the answer": 1}`,
      ")",
    ].join("\n"),
  };
}
