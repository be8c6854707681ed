// The editor: CodeMirror with Python, coloured by the page's own variables.
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import {
  HighlightStyle,
  bracketMatching,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { Compartment, EditorState } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.function(tags.definition(tags.variableName)), color: "var(--code-function)" },
]);

const look = EditorView.theme({
  "&": { fontSize: "0.95rem", backgroundColor: "var(--ground-code)", color: "var(--ink)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--ink)", minHeight: "12rem" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": {
    backgroundColor: "var(--ground-code)",
    color: "var(--ink-soft)",
    border: "none",
  },
  ".cm-activeLine": { backgroundColor: "var(--line)" },
  ".cm-selectionBackground, &.cm-focused .cm-selectionBackground, ::selection": {
    backgroundColor: "var(--selection) !important",
  },
});

export interface Actions {
  change(source: string): void;
  check(): void;
  run(): void;
}

export class Editor {
  private readonly view: EditorView;
  private readonly labels = new Compartment();
  private readonly language = new Compartment();
  private silent = false;

  constructor(parent: HTMLElement, actions: Actions) {
    const act = (action: () => void) => () => {
      action();
      return true;
    };
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        extensions: [
          keymap.of([
            { key: "Mod-Enter", run: act(actions.check) },
            { key: "Shift-Enter", run: act(actions.run) },
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...historyKeymap,
            indentWithTab,
          ]),
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          indentUnit.of("    "),
          EditorState.tabSize.of(4),
          this.language.of(python()),
          syntaxHighlighting(colours),
          look,
          this.labels.of([]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !this.silent) actions.change(this.source);
          }),
        ],
      }),
    });
  }

  get source(): string {
    return this.view.state.doc.toString();
  }

  /** Show another source, without a word to those who listen. */
  show(source: string): void {
    if (source === this.source) return;
    this.silent = true;
    const { length } = this.view.state.doc;
    const { head } = this.view.state.selection.main;
    this.view.dispatch({
      changes: { from: 0, to: length, insert: source },
      selection: { anchor: Math.min(head, source.length) },
    });
    this.silent = false;
  }

  setPython(isPython: boolean): void {
    this.view.dispatch({ effects: this.language.reconfigure(isPython ? python() : []) });
  }

  label(text: string, describedBy: string): void {
    this.view.dispatch({
      effects: this.labels.reconfigure(
        EditorView.contentAttributes.of({ "aria-label": text, "aria-describedby": describedBy }),
      ),
    });
  }

  focus(): void {
    this.view.focus();
  }
}
