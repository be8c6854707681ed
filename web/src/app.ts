// The page: a list of exercises, and one of them at a time with its statement, an editor and what
// came of checking it.
import type { CheckResult } from "./messages";
import { Editor } from "./editor";
import { Python, Stopped } from "./python";
import { loadRuntime } from "./runtime";
import { safeHtml } from "./safe";
import { type Assignment, type Exercise, type Site, pick } from "./site";
import { statementHtml } from "./statement";
import { Store } from "./store";

type Child = Node | string | null;
type Properties = Record<string, unknown>;

function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value as EventListener);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null) element.setAttribute(key, String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== null));
  return element;
}

interface Place {
  assignment: Assignment;
  exercise: Exercise;
}

type Theme = "auto" | "light" | "dark";
const THEMES: Theme[] = ["auto", "light", "dark"];

class App {
  private readonly store: Store;
  private python: Promise<Python> | null = null;
  private language: string;
  private place: Place;
  private busy = false;

  private readonly list = make("nav", { class: "list" });
  private readonly statement = make("article", { class: "statement", id: "statement" });
  private readonly hint = make("p", { class: "soft", id: "editor-keys" });
  private readonly buttons = make("div", { class: "buttons" });
  private readonly state = make("p", { class: "state", role: "status", "aria-live": "polite" });
  private readonly result = make("section", { class: "result" });
  private readonly work = make("section", { class: "hand-in" });
  private readonly handedIn = make("div", { class: "receipt", role: "status" });
  private readonly header = make("header", { class: "top" });
  private readonly editor: Editor;

  constructor(private readonly site: Site) {
    this.store = new Store(site.course);
    this.language = this.store.get("language") ?? this.preferred();
    this.setTheme((this.store.get("theme") as Theme | null) ?? "auto");
    this.place = this.placeOf(location.hash) ?? this.first();
    const editorPlace = make("div", { class: "editor" });
    this.editor = new Editor(editorPlace, {
      change: (source) => this.changed(source),
      check: () => void this.check(),
      run: () => void this.run(),
    });
    document.body.replaceChildren(
      make("a", { class: "skip", href: "#main", onclick: (event: Event) => this.skip(event) }),
      this.header,
      make(
        "div",
        { class: "page" },
        this.list,
        make(
          "main",
          { id: "main", tabindex: "-1" },
          this.statement,
          make(
            "section",
            { class: "work" },
            editorPlace,
            this.hint,
            this.buttons,
            this.state,
            this.result,
            this.work,
          ),
        ),
      ),
    );
    addEventListener("hashchange", () => this.go());
    this.store.watch((key) => this.changedElsewhere(key));
    this.show();
  }

  /** Python is fetched at once, so that it is there when it is needed. */
  begin(): void {
    this.load().catch(() => {});
  }

  private say(key: string, values: Record<string, string | number> = {}): string {
    const text = this.site.texts[this.language]?.[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
  }

  private preferred(): string {
    const known = this.site.languages;
    const wanted = navigator.languages.map((one) => one.split("-")[0] ?? "");
    return wanted.find((one) => known.includes(one)) ?? known[0] ?? "en";
  }

  private first(): Place {
    for (const assignment of this.site.assignments) {
      const [exercise] = assignment.exercises;
      if (exercise !== undefined) return { assignment, exercise };
    }
    throw new Error("the site has no exercise");
  }

  private placeOf(hash: string): Place | null {
    const [of, name] = decodeURIComponent(hash.replace(/^#\/?/, "")).split("/");
    const assignment = this.site.assignments.find((one) => one.name === of);
    const exercise = assignment?.exercises.find((one) => one.name === name);
    return assignment && exercise ? { assignment, exercise } : null;
  }

  private link({ assignment, exercise }: Place): string {
    return `#/${assignment.name}/${exercise.name}`;
  }

  private go(): void {
    const place = this.placeOf(location.hash);
    if (place === null || place.exercise === this.place.exercise) return;
    this.place = place;
    this.result.replaceChildren();
    this.state.textContent = "";
    this.show();
    document.getElementById("main")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  private skip(event: Event): void {
    event.preventDefault();
    document.getElementById("main")?.focus();
  }

  // What is shown

  private show(): void {
    const { exercise } = this.place;
    document.documentElement.lang = this.language;
    document.title = `${pick(exercise.title, this.language)} · ${pick(this.site.title, this.language)}`;
    const skip = document.querySelector(".skip");
    if (skip !== null) skip.textContent = this.say("web_skip");
    this.showHeader();
    this.showList();
    this.statement.innerHTML = statementHtml(pick(exercise.statement, this.language));
    for (const table of this.statement.querySelectorAll("table")) {
      const around = make("div", { class: "wide" });
      table.replaceWith(around);
      around.append(table);
    }
    this.editor.label(this.say("web_editor", { file: exercise.file }), "editor-keys");
    this.editor.setPython(exercise.file.endsWith(".py"));
    this.hint.textContent = this.say("web_keys");
    this.editor.show(this.source(this.place));
    this.showButtons();
    this.showHandIn();
    this.prepare();
  }

  private prepare(): void {
    const { assignment, exercise } = this.place;
    if (document.documentElement.dataset.python !== "ready") return;
    this.python
      ?.then((one) => one.prepare({ assignment: assignment.name, exercise: exercise.name }))
      .catch(() => {}); // the check will say so
  }

  private showHeader(): void {
    const languages = make(
      "select",
      {
        "aria-label": this.say("web_language"),
        onchange: (event: Event) => this.setLanguage((event.target as HTMLSelectElement).value),
      },
      ...this.site.languages.map((name) =>
        make(
          "option",
          { value: name, lang: name, selected: name === this.language },
          this.site.texts[name]?.web_language_name ?? name,
        ),
      ),
    );
    const theme = (this.store.get("theme") as Theme | null) ?? "auto";
    const themes = make(
      "select",
      {
        "aria-label": this.say("web_theme"),
        onchange: (event: Event) => {
          const chosen = (event.target as HTMLSelectElement).value as Theme;
          this.store.set("theme", chosen);
          this.setTheme(chosen);
        },
      },
      ...THEMES.map((name) =>
        make("option", { value: name, selected: name === theme }, this.say(`web_theme_${name}`)),
      ),
    );
    this.header.replaceChildren(
      make("p", { class: "title" }, pick(this.site.title, this.language)),
      make("div", { class: "settings" }, this.site.languages.length > 1 ? languages : null, themes),
    );
  }

  private showList(): void {
    const open = this.list.querySelector("details")?.open ?? innerWidth > 900;
    const blocks: Node[] = [];
    for (const assignment of this.site.assignments) {
      const items = assignment.exercises.map((exercise) => this.item({ assignment, exercise }));
      blocks.push(
        make("h2", {}, pick(assignment.title, this.language)),
        make("ul", {}, ...items),
      );
    }
    const title = `${this.say("web_exercises")} · ${this.total()}`;
    this.list.setAttribute("aria-label", this.say("web_exercises"));
    this.list.replaceChildren(
      make("details", { open }, make("summary", {}, title), ...blocks),
    );
  }

  private item(place: Place): Node {
    const { assignment, exercise } = place;
    const reached = this.store.reached(assignment.name, exercise.name);
    const mark = reached === null ? "·" : reached.passed ? "✓" : "✗";
    const key = reached === null ? "web_open" : reached.passed ? "web_solved" : "web_tried";
    const points =
      reached === null || reached.max === 0 ? null : `${number(reached.score)}/${number(reached.max)}`;
    const isHere = exercise === this.place.exercise;
    return make(
      "li",
      { class: key.slice(4) },
      make(
        "a",
        { href: this.link(place), ...(isHere ? { "aria-current": "page" } : {}) },
        make("span", { class: "mark", "aria-hidden": "true" }, mark),
        make("span", { class: "hidden" }, this.say(key)),
        make("span", { class: "name" }, pick(exercise.title, this.language)),
        points === null ? null : make("span", { class: "points" }, points),
      ),
    );
  }

  private total(): string {
    let score = 0;
    let max = 0;
    for (const assignment of this.site.assignments) {
      for (const exercise of assignment.exercises) {
        score += this.store.reached(assignment.name, exercise.name)?.score ?? 0;
        max += exercise.points;
      }
    }
    return this.say("web_points", { score: number(score), max: number(max) });
  }

  private showButtons(): void {
    const button = (key: string, action: () => void, properties: Properties = {}) =>
      make("button", { type: "button", onclick: action, ...properties }, this.say(key));
    this.buttons.replaceChildren(
      button("web_check", () => void this.check(), { class: "main", disabled: this.busy }),
      this.canRun ? button("web_run", () => void this.run(), { disabled: this.busy }) : "",
      this.busy ? button("web_stop", () => void this.python?.then((one) => one.stop())) : "",
      button("web_reset", () => this.reset(), { class: "plain" }),
    );
  }

  private showHandIn(): void {
    const { assignment } = this.place;
    const name = make("input", {
      type: "text",
      id: "student",
      autocomplete: "name",
      value: this.store.get("student") ?? "",
      onchange: (event: Event) => this.store.set("student", (event.target as HTMLInputElement).value),
    });
    const file = make("input", {
      type: "file",
      id: "import",
      accept: ".zip,.py,.ipynb,.yaml",
      onchange: (event: Event) => void this.import(event.target as HTMLInputElement),
    });
    this.work.replaceChildren(
      make("h2", {}, this.say("web_hand_in")),
      make("p", {}, this.say("web_hand_in_how", { assignment: pick(assignment.title, this.language) })),
      make(
        "p",
        { class: "row" },
        make("label", { for: "student" }, this.say("web_student")),
        name,
        make(
          "button",
          { type: "button", onclick: () => void this.download() },
          this.say("web_download"),
        ),
      ),
      this.handedIn,
      make("p", { class: "row" }, make("label", { for: "import" }, this.say("web_import")), file),
      make("p", { class: "soft" }, this.say("web_kept_here")),
    );
  }

  private tell(text: string, isBad = false): void {
    this.state.textContent = text;
    this.state.classList.toggle("bad", isBad);
  }

  // What the student has

  private source({ assignment, exercise }: Place): string {
    const draft = this.store.draft(assignment.name, exercise.name);
    return draft?.source ?? pick(exercise.stub, this.language);
  }

  private sources(assignment: Assignment): Record<string, string> {
    return Object.fromEntries(
      assignment.exercises.map((exercise) => [exercise.name, this.source({ assignment, exercise })]),
    );
  }

  private changed(source: string): void {
    this.keep(this.place, source);
  }

  private keep({ assignment, exercise }: Place, source: string): void {
    if (source === pick(exercise.stub, this.language)) {
      this.store.removeDraft(assignment.name, exercise.name);
      return;
    }
    const draft = { source, language: this.language };
    if (!this.store.setDraft(assignment.name, exercise.name, draft)) {
      this.tell(this.say("web_not_kept"), true);
    }
  }

  private changedElsewhere(key: string): void {
    if (key === "language" || key === "theme") return;
    const { assignment, exercise } = this.place;
    if (key === `draft:${assignment.name}/${exercise.name}`) {
      this.editor.show(this.source(this.place));
      this.tell(this.say("web_other_tab"));
    }
    if (key.startsWith("reached:")) this.showList();
  }

  private reset(): void {
    if (!confirm(this.say("web_reset_sure"))) return;
    const { assignment, exercise } = this.place;
    this.store.removeDraft(assignment.name, exercise.name);
    this.editor.show(this.source(this.place));
    this.editor.focus();
  }

  private setLanguage(language: string): void {
    this.language = language;
    this.store.set("language", language);
    this.result.replaceChildren();
    this.tell("");
    this.show();
    this.header.querySelector("select")?.focus();
  }

  private setTheme(theme: Theme): void {
    document.documentElement.dataset.theme = theme;
  }

  // What Python does

  private load(): Promise<Python> {
    if (this.python === null) {
      this.tell(this.say("web_loading", { percent: 0 }));
      this.python = loadRuntime(this.site, (loaded, total) =>
        this.tell(this.say("web_loading", { percent: Math.floor((100 * loaded) / total) })),
      ).then(async (runtime) => {
        this.tell(this.say("web_starting"));
        const python = new Python(runtime, this.site.slowness);
        await python.ready;
        document.documentElement.dataset.python = "ready";
        if (!this.busy) this.tell(this.say("web_ready"));
        setTimeout(() => this.prepare());
        return python;
      });
      this.python.catch((error: Error) => {
        this.python = null;
        this.tell(this.say("web_no_python", { reason: error.message }), true);
      });
    }
    return this.python;
  }

  private async withPython(work: (python: Python) => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.showButtons();
    try {
      await work(await this.load());
    } catch (error) {
      const reason = error instanceof Stopped ? error.reason : "broken";
      const detail = error instanceof Error ? error.message : String(error);
      this.tell(this.say(`web_stopped_${reason}`, { reason: detail }), true);
    } finally {
      this.busy = false;
      this.showButtons();
    }
  }

  private check(): Promise<void> {
    return this.withPython(async (python) => {
      const { assignment, exercise } = this.place;
      this.tell(this.say("web_checking"));
      this.result.setAttribute("aria-busy", "true");
      const result = await python
        .check({
          assignment: assignment.name,
          exercise: exercise.name,
          sources: this.sources(assignment),
          language: this.language,
          ended: {},
        })
        .finally(() => this.result.removeAttribute("aria-busy"));
      this.checked({ assignment, exercise }, result);
    });
  }

  private checked({ assignment, exercise }: Place, result: CheckResult): void {
    if (result.problem !== "") {
      this.result.replaceChildren(make("p", { class: "bad", role: "alert" }, result.problem));
      this.tell("");
      return;
    }
    const { passed, score, max_score: max } = result;
    this.store.setReached(assignment.name, exercise.name, { passed, score, max });
    this.showList();
    if (exercise !== this.place.exercise) return;
    this.result.replaceChildren(safeHtml(result.html));
    this.result.dataset.check = result.check;
    const values = { score: number(score), max: number(max) };
    this.tell(this.say(passed ? "web_passed" : "web_not_passed", values));
  }

  private get canRun(): boolean {
    return this.place.exercise.file.endsWith(".py");
  }

  private run(): Promise<void> {
    if (!this.canRun) return Promise.resolve();
    return this.withPython(async (python) => {
      const { assignment, exercise } = this.place;
      this.tell(this.say("web_running"));
      const printed = await python.run({
        assignment: assignment.name,
        exercise: exercise.name,
        sources: this.sources(assignment),
      });
      this.result.replaceChildren(
        make("h2", {}, this.say("web_output")),
        printed === ""
          ? make("p", { class: "soft" }, this.say("web_no_output"))
          : make("pre", { tabindex: "0", class: "output" }, printed),
      );
      this.tell(this.say("web_ran"));
    });
  }

  private download(): Promise<void> {
    return this.withPython(async (python) => {
      const { assignment } = this.place;
      const packed = await python.pack({
        assignment: assignment.name,
        sources: this.sources(assignment),
        student: this.store.get("student") ?? "",
        offset: -new Date().getTimezoneOffset(),
        language: this.language,
      });
      if (packed.problem !== "") {
        this.tell(packed.problem, true);
        return;
      }
      const bytes = Uint8Array.from(atob(packed.content), (one) => one.charCodeAt(0));
      const url = URL.createObjectURL(new Blob([bytes], { type: "application/zip" }));
      make("a", { href: url, download: packed.file }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      this.handedIn.replaceChildren(...packed.lines.map((line) => make("p", {}, line)));
      this.tell("");
    });
  }

  private import(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    if (file === undefined) return Promise.resolve();
    return this.withPython(async (python) => {
      const { assignment } = this.place;
      const found = await python.unpack({
        assignment: assignment.name,
        file: file.name,
        content: await file.arrayBuffer(),
        language: this.language,
      });
      input.value = "";
      if (found.problem !== "") {
        this.tell(found.problem, true);
        return;
      }
      const places = assignment.exercises
        .filter((exercise) => exercise.name in found.sources)
        .map((exercise) => ({ assignment, exercise }));
      const titles = places.map(({ exercise }) => exercise.file).join(", ");
      if (!confirm(this.say("web_import_sure", { files: titles }))) {
        this.tell("");
        return;
      }
      for (const place of places) {
        this.keep(place, found.sources[place.exercise.name] ?? "");
      }
      this.editor.show(this.source(this.place));
      this.tell(this.say("web_imported", { files: titles }));
    });
  }
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

async function begin(): Promise<void> {
  const name = document.documentElement.dataset.site ?? "site.json";
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  const app = new App((await response.json()) as Site);
  app.begin();
  if ("serviceWorker" in navigator && isSecureContext) {
    navigator.serviceWorker.register("service.js").catch(() => {});
  }
}

void begin();
