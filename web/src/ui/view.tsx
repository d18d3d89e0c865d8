import { QueryErrorResetBoundary } from "@tanstack/react-query";
import { Component, type ReactNode, Suspense } from "react";
import { Refused } from "./refused";
import { PageSkeleton } from "./skeletons";

interface BoundaryProps {
  onReset: () => void;
  children: ReactNode;
}

class RefusedBoundary extends Component<BoundaryProps, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    const retry = () => {
      this.props.onReset();
      this.setState({ error: null });
    };
    return <Refused error={error} onRetry={retry} />;
  }
}

/** Gives what is inside its loading and refused faces: put one around each card that loads by itself. */
export function View({
  loading = <PageSkeleton />,
  children,
}: {
  loading?: ReactNode;
  children: ReactNode;
}) {
  return (
    <QueryErrorResetBoundary>
      {({ reset }) => (
        <RefusedBoundary onReset={reset}>
          <Suspense fallback={loading}>{children}</Suspense>
        </RefusedBoundary>
      )}
    </QueryErrorResetBoundary>
  );
}
