// What the page and the worker that runs Python say to each other.

export interface Boot {
  kind: "boot";
  /** Scripts of the runtime run before; these are its other files. */
  files: Record<string, ArrayBuffer>;
  wasm: WebAssembly.Module;
  course: ArrayBuffer;
  package: ArrayBuffer;
}

/** To work out what is expected of an exercise, before it is checked. */
export interface Prepare {
  kind: "prepare";
  id: number;
  assignment: string;
  exercise: string;
}

export interface Check {
  kind: "check";
  id: number;
  assignment: string;
  exercise: string;
  sources: Record<string, string>;
  language: string;
  /** How interpreters before this one ended, by the number of the question. */
  ended: Record<number, string>;
}

export interface Run {
  kind: "run";
  id: number;
  assignment: string;
  exercise: string;
  sources: Record<string, string>;
}

export interface Pack {
  kind: "pack";
  id: number;
  assignment: string;
  sources: Record<string, string>;
  student: string;
  /** Minutes that the clock here is ahead of UTC. */
  offset: number;
  language: string;
}

export interface Unpack {
  kind: "unpack";
  id: number;
  assignment: string;
  file: string;
  content: ArrayBuffer;
  language: string;
}

export type Job = Prepare | Check | Run | Pack | Unpack;
export type ToWorker = Boot | Job;

export interface Ready {
  kind: "ready";
}

/** A question is asked of the student's code, or (`left` is infinite) has been answered. */
export interface Beat {
  kind: "beat";
  number: number;
  left: number;
}

export interface Done {
  kind: "done";
  id: number;
  value: string;
}

/** Nothing more comes from this worker. */
export interface Broken {
  kind: "broken";
  reason: string;
}

export type FromWorker = Ready | Beat | Done | Broken;

export interface CheckResult {
  passed: boolean;
  score: number;
  max_score: number;
  html: string;
  check: string;
  problem: string;
}

export interface Packed {
  file: string;
  /** In base64. */
  content: string;
  lines: string[];
  problem: string;
}

export interface Imported {
  sources: Record<string, string>;
  problem: string;
}
