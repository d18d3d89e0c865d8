import type { Shape } from "@/api/types";
import { number } from "@/lib/format";

/** What an hour of one process costs in an environment; nothing where nobody has said a price. */
export function anHour(
  price: Shape<"Price"> | null | undefined,
  config: { cpu: number; memory_gb: number; gpu: number },
): string | null {
  if (!price) return null;
  const amount =
    config.cpu * (price.cpu_hour ?? 0) +
    config.memory_gb * (price.gb_hour ?? 0) +
    config.gpu * (price.gpu_hour ?? 0);
  return `${number(amount)} ${price.currency} an hour`;
}

export const money = ({ amount, currency }: Shape<"CostOut">): string =>
  `${number(amount)} ${currency}`;
