import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { Refusal } from "./refusal";

/** Makes the cache of server state. `onSignedOut` runs when the server no longer knows the session. */
export function makeQueryClient(onSignedOut: () => void): QueryClient {
  const watch = (error: Error) => {
    if (
      error instanceof Refusal &&
      error.status === 401 &&
      error.code !== "identity.wrong_credentials"
    )
      onSignedOut();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError: watch }),
    mutationCache: new MutationCache({ onError: watch }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => failures < 2 && worthRetrying(error),
        refetchOnWindowFocus: true,
      },
    },
  });
}

function worthRetrying(error: Error): boolean {
  return !(error instanceof Refusal) || error.status === 503 || error.status === 502;
}
