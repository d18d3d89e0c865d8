import classes from "./states.module.css";

/** Says that a page changes by itself. */
export function LiveMark({ state }: { state: "off" | "connecting" | "live" }) {
  if (state === "off") return null;
  return (
    <span
      className={classes.live}
      data-state={state}
      title={state === "live" ? "New values appear by themselves" : "Connecting again"}
    >
      {state === "live" ? "Live" : "Connecting"}
    </span>
  );
}
