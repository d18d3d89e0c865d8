/** The lines that get an access token with a client's id and secret. */
export const tokenLines = (clientId: string, secret: string): string =>
  [
    `TOKEN=$(curl -s -u '${clientId}:${secret}' \\`,
    "  -d grant_type=client_credentials \\",
    `  ${window.location.origin}/oauth/token |`,
    `  python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')`,
  ].join("\n");

/** A call with the token. */
export const CALL_LINES = [
  'curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\',
  "  -d '{\"rows\": [<a row>]}' <address of a deployment>/predict",
].join("\n");
