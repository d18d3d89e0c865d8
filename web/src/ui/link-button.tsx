import { Button, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

interface Props
  extends ButtonProps,
    Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps> {
  ref?: Ref<HTMLAnchorElement>;
}

/** A router link that looks like a button: `<LinkButton to="/w/$ws/models" params={{ ws }}>Open</LinkButton>`. */
export const LinkButton = createLink((props: Props) => <Button component="a" {...props} />);
