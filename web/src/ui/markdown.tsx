import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import classes from "./markdown.module.css";
import { type Mention, mentionsIn } from "./mentions";

interface Props {
  text: string;
  /** Who is meant by `@name`; other words with @ stay words. */
  mentions?: Mention[];
  /** Headings of a document keep their rank below the page's own; those of a remark are bold lines. */
  as?: "document" | "remark";
}

/** Text that people wrote, as Markdown. HTML in it stays text, links run no script, pictures from elsewhere are links. */
export function Markdown({ text, mentions = [], as = "remark" }: Props) {
  return (
    <div className={classes.prose}>
      <ReactMarkdown
        remarkPlugins={[remarkGfm, [mentionsIn, mentions]]}
        components={as === "document" ? DOCUMENT : REMARK}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
}

const SHARED: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow ugc">
      {children}
    </a>
  ),
  img: ({ src, alt }) => (
    <a href={String(src ?? "")} target="_blank" rel="noopener noreferrer nofollow ugc">
      {alt || "Picture"}
    </a>
  ),
  input: ({ checked }) => <span aria-hidden>{checked ? "☑" : "☐"}</span>,
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a table that scrolls sideways must be reachable by keyboard
    <section className={classes.wide} tabIndex={0} aria-label="Table">
      <table>{children}</table>
    </section>
  ),
  mark: ({ children, title }) => (
    <span className={classes.mention} title={title}>
      {children}
    </span>
  ),
};

const bold: Components["h1"] = ({ children }) => (
  <p>
    <strong>{children}</strong>
  </p>
);

const REMARK: Components = {
  ...SHARED,
  h1: bold,
  h2: bold,
  h3: bold,
  h4: bold,
  h5: bold,
  h6: bold,
};

const DOCUMENT: Components = {
  ...SHARED,
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h3>{children}</h3>,
  h3: ({ children }) => <h4>{children}</h4>,
  h4: ({ children }) => <h5>{children}</h5>,
  h5: ({ children }) => <h6>{children}</h6>,
};
