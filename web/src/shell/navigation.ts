import {
  IconActivity,
  IconBell,
  IconCube,
  IconFlask,
  IconHome2,
  IconLayoutDashboard,
  type IconProps,
  IconRocket,
  IconSettings,
} from "@tabler/icons-react";
import { type LinkProps, linkOptions } from "@tanstack/react-router";
import type { ComponentType } from "react";

export interface NavigationEntry {
  label: string;
  icon: ComponentType<IconProps>;
  link: LinkProps;
  /** Shows a number beside the label: what waits there. */
  counts?: "alerts";
}

interface Group {
  /** `null` for the entries without a heading. */
  name: string | null;
  entries: NavigationEntry[];
}

/** The rail: only what exists. Add an entry together with its route. */
export const navigation = (ws: string): Group[] => [
  {
    name: null,
    entries: [
      { label: "Home", icon: IconHome2, link: linkOptions({ to: "/w/$ws/home", params: { ws } }) },
    ],
  },
  {
    name: "Build",
    entries: [
      {
        label: "Experiments",
        icon: IconFlask,
        link: linkOptions({ to: "/w/$ws/experiments", params: { ws } }),
      },
      {
        label: "Models",
        icon: IconCube,
        link: linkOptions({ to: "/w/$ws/models", params: { ws } }),
      },
    ],
  },
  {
    name: "Operate",
    entries: [
      {
        label: "Deployments",
        icon: IconRocket,
        link: linkOptions({ to: "/w/$ws/deployments", params: { ws } }),
      },
      {
        label: "Monitoring",
        icon: IconActivity,
        link: linkOptions({ to: "/w/$ws/monitoring", params: { ws } }),
      },
      {
        label: "Dashboards",
        icon: IconLayoutDashboard,
        link: linkOptions({ to: "/w/$ws/dashboards", params: { ws } }),
      },
      {
        label: "Alerts",
        icon: IconBell,
        link: linkOptions({ to: "/w/$ws/alerts", params: { ws } }),
        counts: "alerts",
      },
    ],
  },
];

/** The foot of the rail. */
export const settingsEntry = (ws: string): NavigationEntry => ({
  label: "Settings",
  icon: IconSettings,
  link: linkOptions({ to: "/w/$ws/settings", params: { ws } }),
});
