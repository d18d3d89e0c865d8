import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";

/** A change after which, done or refused, everything below a key is asked for again. */
export function useChange<Input, Output>(
  area: QueryKey,
  change: (input: Input) => Promise<Output>,
) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => queries.invalidateQueries({ queryKey: area }),
  });
}
