// What `autograder release --web` says of a course: the shape of its site.json.

/** A text in each language of the course. */
export type Text = Record<string, string>;

export interface Exercise {
  name: string;
  /** What is handed in: a Python file, or a form in YAML. */
  file: string;
  title: Text;
  /** Markdown with LaTeX between dollar signs. */
  statement: Text;
  stub: Text;
  /** Points of the public tests. */
  points: number;
}

export interface Assignment {
  name: string;
  title: Text;
  due: string | null;
  exercises: Exercise[];
}

/** A file of the runtime. `sha256` in base64, where it comes from elsewhere. */
export interface RuntimeFile {
  name: string;
  url: string;
  gzip: boolean;
  sha256: string | null;
}

export interface Site {
  /** The same for the same course, whatever has been changed in it. */
  course: string;
  title: Text;
  languages: string[];
  assignments: Assignment[];
  runtime: RuntimeFile[];
  /** The worker's script. */
  worker: string;
  /** The course as a zip, and the package. */
  files: string;
  package: string;
  /** Seconds that one test may take here. */
  slowness: number;
  texts: Record<string, Record<string, string>>;
}

export function pick(text: Text, language: string): string {
  return text[language] ?? Object.values(text)[0] ?? "";
}
