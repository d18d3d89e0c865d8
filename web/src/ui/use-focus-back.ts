import { useEffect } from "react";

/** Gives the focus back where it was when a dialog is taken off the page instead of being closed. */
export function useFocusBack(): void {
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
}
