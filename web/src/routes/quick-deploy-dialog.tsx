import type { ComponentProps } from "react";
import type { QuickDeploy as Dialog } from "@/features/deployments/quick-deploy";
import { View } from "@/ui/view";
import { lazyView } from "./lazy-view";

const QuickDeploy = lazyView(() => import("@/features/deployments/quick-deploy"), "QuickDeploy");

/** The quick deploy dialog, loaded when it is first opened. */
export function QuickDeployDialog(props: ComponentProps<typeof Dialog>) {
  return (
    <View loading={null}>
      <QuickDeploy {...props} />
    </View>
  );
}
