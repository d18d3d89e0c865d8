import { type ReactNode, useEffect } from "react";
import { View } from "@/ui/view";
import classes from "./access.module.css";

interface Props {
  title: string;
  lead?: ReactNode;
  children: ReactNode;
}

/** The quiet page around everything that happens before one is signed in. */
export function AccessPage({ title, lead, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Modelyard`;
  }, [title]);
  return (
    <div className={classes.page}>
      <div className={classes.mark}>
        <img src="/favicon.svg" alt="" width={26} height={26} />
        Modelyard
      </div>
      <main className={classes.card}>
        <h1>{title}</h1>
        <div className={classes.lead}>{lead}</div>
        <View loading={<div style={{ height: 240 }} />}>{children}</View>
      </main>
    </div>
  );
}

/** The line under a form. */
export function Foot({ children }: { children: ReactNode }) {
  return <p className={classes.foot}>{children}</p>;
}
