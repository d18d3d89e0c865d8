/** The places of values with no neighbour to draw a line to: they need a point to be seen at all. */
export function alone(values: (number | null | undefined)[]): number[] {
  const isGap = (index: number) => (values[index] ?? null) === null;
  return values.flatMap((_, at) => (!isGap(at) && isGap(at - 1) && isGap(at + 1) ? [at] : []));
}
