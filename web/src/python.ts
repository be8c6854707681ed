// Interpreters of Python: one at work, and a spare one for when its time is up.
import type {
  Check,
  CheckResult,
  FromWorker,
  Imported,
  Job,
  Pack,
  Packed,
  Prepare,
  Run,
  Unpack,
} from "./messages";
import type { Runtime } from "./runtime";

type Given<J extends Job> = Omit<J, "kind" | "id">;

/** Why there is no result. */
export class Stopped extends Error {
  constructor(readonly reason: "timeout" | "cancelled" | "broken", detail = "") {
    super(detail || reason);
  }
}

interface Pending {
  job: Job;
  resolve(value: string): void;
  reject(error: Stopped): void;
}

// So often is a check begun again, each time with one more question that is not asked.
const MOST_ENDED = 12;
const GRACE = 500;

class Interpreter {
  readonly ready: Promise<void>;
  onmessage: (message: FromWorker) => void = () => {};
  private readonly worker: Worker;

  constructor(runtime: Runtime, url: string) {
    this.worker = new Worker(url);
    this.ready = new Promise((resolve, reject) => {
      this.worker.onmessage = (event: MessageEvent<FromWorker>) => {
        const message = event.data;
        if (message.kind === "ready") resolve();
        else if (message.kind === "broken") reject(new Error(message.reason));
        this.onmessage(message);
      };
      this.worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
        this.onmessage({ kind: "broken", reason: event.message });
      };
    });
    this.ready.catch(() => {});
    const { files, wasm, course, package: pack } = runtime;
    this.worker.postMessage({ kind: "boot", files, wasm, course, package: pack });
  }

  post(job: Job): void {
    this.worker.postMessage(job);
  }

  end(): void {
    this.onmessage = () => {};
    this.worker.terminate();
  }
}

export class Python {
  private readonly url: string;
  private current: Interpreter;
  private spare: Interpreter | null = null;
  private pending: Pending | null = null;
  private queue: Promise<unknown> = Promise.resolve();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private number = 0;
  private asked = 0;
  private isAsking = false;

  constructor(
    private readonly runtime: Runtime,
    private readonly slowness: number,
  ) {
    this.url = URL.createObjectURL(new Blob([runtime.script], { type: "text/javascript" }));
    this.current = this.start();
    this.current.ready.then(() => this.warm(), () => {});
  }

  get ready(): Promise<void> {
    return this.current.ready;
  }

  /** Has what is expected of an exercise worked out, while nothing else is to be done. */
  async prepare(given: Given<Prepare>): Promise<void> {
    await this.ask({ ...given, kind: "prepare", id: this.next() });
  }

  async check(given: Given<Check>): Promise<CheckResult> {
    return JSON.parse(await this.ask({ ...given, kind: "check", id: this.next() }));
  }

  async run(given: Given<Run>): Promise<string> {
    return this.ask({ ...given, kind: "run", id: this.next() });
  }

  async pack(given: Given<Pack>): Promise<Packed> {
    return JSON.parse(await this.ask({ ...given, kind: "pack", id: this.next() }));
  }

  async unpack(given: Given<Unpack>): Promise<Imported> {
    return JSON.parse(await this.ask({ ...given, kind: "unpack", id: this.next() }));
  }

  /** End what is being worked on. */
  stop(): void {
    const pending = this.pending;
    if (pending === null) return;
    this.replace();
    this.pending = null;
    pending.reject(new Stopped("cancelled"));
  }

  private next(): number {
    this.number += 1;
    return this.number;
  }

  private ask(job: Job): Promise<string> {
    const asked = this.queue.then(() => this.askNow(job));
    this.queue = asked.catch(() => {});
    return asked;
  }

  private askNow(job: Job): Promise<string> {
    return new Promise((resolve, reject) => {
      this.pending = { job, resolve, reject };
      this.send(job);
    });
  }

  private send(job: Job): void {
    const { current } = this;
    this.asked = 0;
    this.isAsking = false;
    current.ready.then(
      () => {
        if (this.current === current) current.post(job);
      },
      (error: Error) => this.fail(new Stopped("broken", error.message)),
    );
  }

  private fail(error: Stopped): void {
    const { pending } = this;
    this.pending = null;
    pending?.reject(error);
  }

  private start(): Interpreter {
    const made = new Interpreter(this.runtime, this.url);
    made.onmessage = (message) => {
      if (made === this.current) this.hear(message);
    };
    return made;
  }

  /** Have another one ready, where there is the memory for it. */
  private warm(): void {
    const memory = (navigator as { deviceMemory?: number }).deviceMemory ?? 8;
    if (this.spare === null && memory > 2) this.spare = this.start();
  }

  private replace(): void {
    clearTimeout(this.timer);
    this.current.end();
    this.current = this.spare ?? this.start();
    this.spare = null;
    this.current.ready.then(() => this.warm(), () => {});
  }

  private hear(message: FromWorker): void {
    switch (message.kind) {
      case "ready":
        return;
      case "beat":
        clearTimeout(this.timer);
        this.asked = message.number;
        this.isAsking = Number.isFinite(message.left);
        if (Number.isFinite(message.left)) {
          const milliseconds = Math.max(0, message.left) * 1000 * this.slowness + GRACE;
          this.timer = setTimeout(() => this.giveUp("timeout"), milliseconds);
        }
        return;
      case "done":
        clearTimeout(this.timer);
        if (this.pending?.job.id === message.id) {
          const { pending } = this;
          this.pending = null;
          pending.resolve(message.value);
        }
        return;
      case "broken":
        this.giveUp("crashed", message.reason);
    }
  }

  /** Go on with the spare one, which is told what became of this one. */
  private giveUp(why: "timeout" | "crashed", detail = ""): void {
    // What breaks without a question being asked does not break because of an answer.
    const { pending, asked, isAsking } = this;
    this.replace();
    if (pending === null) return;
    if (isAsking && pending.job.kind === "check" && Object.keys(pending.job.ended).length < MOST_ENDED) {
      pending.job = { ...pending.job, ended: { ...pending.job.ended, [asked]: why } };
      this.send(pending.job);
      return;
    }
    this.fail(new Stopped(why === "timeout" ? "timeout" : "broken", detail));
  }
}
