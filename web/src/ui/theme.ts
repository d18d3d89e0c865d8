import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const accent: MantineColorsTuple = [
  "#eef2ff",
  "#dbe5ff",
  "#b9c9ff",
  "#a0b6ff",
  "#8aa6ff",
  "#4d70f0",
  "#3557dc",
  "#2a47b8",
  "#22399a",
  "#1c2f76",
];

const gray: MantineColorsTuple = [
  "#f7f8fa",
  "#eef0f4",
  "#e6e9ef",
  "#dfe3ea",
  "#c6ccd8",
  "#a3acbd",
  "#7c8699",
  "#566074",
  "#333c4d",
  "#0f1420",
];

const dark: MantineColorsTuple = [
  "#e6e9f0",
  "#c3cad8",
  "#9aa5b8",
  "#66738c",
  "#37435a",
  "#263043",
  "#1d2433",
  "#121823",
  "#0d121b",
  "#0a0e16",
];

/** The kit's theme: our tokens do the colouring, the kit does the behaviour. */
export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: { light: 6, dark: 6 },
  colors: { accent, gray, dark },
  fontFamily: "var(--font-ui)",
  fontFamilyMonospace: "var(--font-mono)",
  defaultRadius: 8,
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  headings: { fontFamily: "var(--font-ui)", fontWeight: "620" },
  cursorType: "pointer",
  components: {
    Button: { defaultProps: { size: "sm" } },
    TextInput: { defaultProps: { size: "sm" } },
    PasswordInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm", allowDeselect: false } },
    Modal: {
      defaultProps: {
        centered: true,
        radius: 16,
        padding: 24,
        overlayProps: { backgroundOpacity: 0.45 },
        transitionProps: { duration: 140, transition: "fade" },
        closeButtonProps: { "aria-label": "Close" },
      },
    },
    Drawer: {
      defaultProps: {
        transitionProps: { duration: 140 },
        closeButtonProps: { "aria-label": "Close" },
      },
    },
    Tooltip: { defaultProps: { openDelay: 250, withArrow: false } },
  },
});

const variables = {
  "--mantine-color-body": "var(--canvas)",
  "--mantine-color-text": "var(--text)",
  "--mantine-color-dimmed": "var(--text-2)",
  "--mantine-color-bright": "var(--text)",
  "--mantine-color-anchor": "var(--accent)",
  "--mantine-color-error": "var(--bad)",
  "--mantine-color-placeholder": "var(--text-2)",
  "--mantine-color-default": "var(--surface)",
  "--mantine-color-default-hover": "var(--hover)",
  "--mantine-color-default-color": "var(--text)",
  "--mantine-color-default-border": "var(--border)",
  "--mantine-color-accent-text": "var(--accent)",
  "--mantine-color-accent-light": "var(--accent-bg)",
  "--mantine-color-accent-light-hover": "var(--accent-bg)",
  "--mantine-color-accent-light-color": "var(--accent)",
  "--mantine-color-accent-filled": "var(--accent-fill)",
  "--mantine-color-accent-filled-hover": "var(--accent-hover)",
  "--mantine-color-red-filled": "#c02a2f",
  "--mantine-color-red-filled-hover": "#a52428",
};

export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: variables,
  dark: variables,
});
