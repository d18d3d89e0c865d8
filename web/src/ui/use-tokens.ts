import { useComputedColorScheme } from "@mantine/core";
import { useMemo } from "react";

/** Reads tokens as colours for canvases; a new function whenever the theme changes. */
export function useTokens(): (name: string) => string {
  const scheme = useComputedColorScheme("light");
  return useMemo(() => {
    const style = getComputedStyle(document.documentElement);
    const known = new Map<string, string>([["scheme", scheme]]);
    return (name: string) => {
      const found = known.get(name) ?? style.getPropertyValue(`--${name}`).trim();
      known.set(name, found);
      return found;
    };
  }, [scheme]);
}
