import type uPlot from "uplot";

const NEAR_PX = 14;

/** Draws the limit, and vertical marks whose letters stand below each other where they meet. */
export function drawMarks(
  chart: uPlot,
  tokens: (name: string) => string,
  threshold: { value: number; label: string } | undefined,
  marks: { x: number; label: string }[] | undefined,
): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px Inter Variable, sans-serif`;
  ctx.setLineDash([6, 4]);
  if (threshold) {
    const y = chart.valToPos(threshold.value, "y", true);
    stroke(ctx, tokens("bad"), bbox.left, y, bbox.left + bbox.width, y);
    ctx.fillStyle = tokens("bad");
    ctx.fillText(threshold.label, bbox.left + 6, y - 4 * devicePixelRatio);
  }
  let [before, line] = [Number.NEGATIVE_INFINITY, 0];
  for (const mark of [...(marks ?? [])].sort((one, other) => one.x - other.x)) {
    const x = chart.valToPos(mark.x, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    stroke(ctx, tokens("control"), x, bbox.top, x, bbox.top + bbox.height);
    ctx.fillStyle = tokens("text-2");
    line = x - before < NEAR_PX * devicePixelRatio ? line + 1 : 0;
    before = x;
    const room = ctx.measureText(mark.label).width + 4;
    const beside = x + room > bbox.left + bbox.width ? x - room : x + 4;
    ctx.fillText(mark.label, beside, bbox.top + 12 * (line + 1) * devicePixelRatio);
  }
  ctx.restore();
}

function stroke(
  ctx: CanvasRenderingContext2D,
  colour: string,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}
