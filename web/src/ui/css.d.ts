import "react";

declare module "react" {
  // Custom properties are legal styles.
  interface CSSProperties {
    [property: `--${string}`]: string | number | undefined;
  }
}
