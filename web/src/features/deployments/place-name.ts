import { useQuery } from "@tanstack/react-query";
import { statusWord } from "@/ui/status-badge";
import { environmentList } from "./api";

/** What the workspace calls an environment: its name can be changed, its slug cannot. */
export function usePlaceName(slug: string): string {
  const found = useQuery(environmentList()).data?.find((one) => one.slug === slug);
  return found?.name ?? statusWord(slug);
}
