import type { Shape } from "@/api/types";
import { duration, plural } from "@/lib/format";
import { toneClass } from "@/ui/tone";
import classes from "./days.module.css";

type Day = Shape<"DayOut">;

const MINUTE = 60;

/** A bar for each day: how much of it a component did its work. */
export function Days({ days, name }: { days: Day[]; name: string }) {
  const bad = days.filter((day) => day.down_seconds > 0).length;
  return (
    <div
      className={classes.days}
      role="img"
      aria-label={`${name}: ${plural(bad, "day")} of ${days.length} with an outage`}
    >
      {days.map((day) => (
        <span key={day.day} className={`${classes.day} ${tone(day)}`} title={said(day)} />
      ))}
    </div>
  );
}

function tone(day: Day): string {
  if (day.watched_seconds === 0) return classes.unwatched ?? "";
  if (day.down_seconds === 0) return toneClass("ok");
  return toneClass(day.down_seconds < MINUTE ? "warn" : "bad");
}

function said(day: Day): string {
  if (day.watched_seconds === 0) return `${day.day}: not watched`;
  if (day.down_seconds === 0) return `${day.day}: no outage`;
  return `${day.day}: down ${duration(day.down_seconds)}`;
}
