// Statements: Markdown, with formulas as MathML, which browsers draw with fonts of their own.
import katex from "katex";
import MarkdownIt from "markdown-it";

const markdown = new MarkdownIt({ html: false, linkify: false });

// Code goes before formulas: a dollar sign in it is one.
const CODE_OR_MATH = /(```[\s\S]*?```|`[^`\n]*`)|\$\$([\s\S]+?)\$\$|\$([^$]+?)\$/g;

/** HTML of a text of the course. */
export function statementHtml(source: string): string {
  const formulas: string[] = [];
  const marked = source.replace(CODE_OR_MATH, (all, code, display, inline) => {
    if (code !== undefined) return all;
    formulas.push(formulaHtml(display ?? inline, display !== undefined));
    return `\uE000${formulas.length - 1}\uE001`;
  });
  return markdown
    .render(marked)
    .replace(/\uE000(\d+)\uE001/g, (_, number) => formulas[Number(number)] ?? "");
}

function formulaHtml(source: string, isDisplay: boolean): string {
  return katex.renderToString(source.trim(), {
    output: "mathml",
    displayMode: isDisplay,
    throwOnError: false,
    trust: false,
  });
}
