import {
  IconAlertTriangleFilled,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleXFilled,
  IconInfoCircleFilled,
  IconLoader2,
  IconSquareFilled,
} from "@tabler/icons-react";
import classes from "./states.module.css";
import type { Tone } from "./tone";

/** The shape of a status, so that it can be read without its colour. */
export function ToneIcon({ tone, size = 14 }: { tone: Tone; size?: number }) {
  switch (tone) {
    case "ok":
      return <IconCircleCheckFilled size={size} aria-hidden />;
    case "warn":
      return <IconAlertTriangleFilled size={size} aria-hidden />;
    case "bad":
      return <IconCircleXFilled size={size} aria-hidden />;
    case "busy":
      return <IconLoader2 size={size} className={classes.spin} aria-hidden />;
    case "idle":
      return <IconSquareFilled size={size - 4} aria-hidden />;
    case "info":
      return <IconInfoCircleFilled size={size} aria-hidden />;
    default:
      return <IconCircleDashed size={size} aria-hidden />;
  }
}
