// What the student has written and reached, in this browser's own storage.

export interface Reached {
  passed: boolean;
  score: number;
  max: number;
}

export interface Draft {
  source: string;
  /** The language of the stub that it began as. */
  language: string;
}

/** Keys begin with where the site lies: several courses may share an origin. */
export class Store {
  private readonly prefix: string;
  /** What is kept where the browser keeps nothing: until the page is closed. */
  private readonly memory = new Map<string, string>();

  constructor(course: string) {
    const folder = location.pathname.replace(/[^/]*$/, "");
    this.prefix = `autograder:${folder}:${course}:`;
  }

  get(key: string): string | null {
    try {
      return localStorage.getItem(this.prefix + key) ?? this.memory.get(key) ?? null;
    } catch {
      return this.memory.get(key) ?? null;
    }
  }

  /** Returns whether it will be there the next time. */
  set(key: string, value: string): boolean {
    this.memory.set(key, value);
    try {
      localStorage.setItem(this.prefix + key, value);
      return true;
    } catch {
      return false;
    }
  }

  remove(key: string): void {
    this.memory.delete(key);
    try {
      localStorage.removeItem(this.prefix + key);
    } catch {
      // Nothing is kept there.
    }
  }

  draft(assignment: string, exercise: string): Draft | null {
    return parsed<Draft>(this.get(`draft:${assignment}/${exercise}`));
  }

  setDraft(assignment: string, exercise: string, draft: Draft): boolean {
    return this.set(`draft:${assignment}/${exercise}`, JSON.stringify(draft));
  }

  removeDraft(assignment: string, exercise: string): void {
    this.remove(`draft:${assignment}/${exercise}`);
  }

  reached(assignment: string, exercise: string): Reached | null {
    return parsed<Reached>(this.get(`reached:${assignment}/${exercise}`));
  }

  setReached(assignment: string, exercise: string, reached: Reached): void {
    this.set(`reached:${assignment}/${exercise}`, JSON.stringify(reached));
  }

  /** Call `then` with each key that another tab has changed. */
  watch(then: (key: string) => void): void {
    addEventListener("storage", (event) => {
      if (event.key?.startsWith(this.prefix)) then(event.key.slice(this.prefix.length));
    });
  }
}

function parsed<Value>(text: string | null): Value | null {
  if (text === null) return null;
  try {
    return JSON.parse(text) as Value;
  } catch {
    return null;
  }
}
