// Requests to the API. Every failure becomes a Problem, which names the field where the server did.

import type { ProblemDocument, Progress } from "./types";

export interface Fault {
  where: string;
  what: string;
}

export class Problem extends Error {
  constructor(
    readonly title: string,
    readonly faults: Fault[],
    readonly status: number,
  ) {
    super(title);
  }
}

// problemOf reads a problem+json document. Where it lists faults they say more than its detail, which then
// only repeats them.
export function problemOf(status: number, text: string): Problem {
  let doc: ProblemDocument = {};
  try {
    doc = JSON.parse(text) as ProblemDocument;
  } catch {
    // A proxy's page, say: the status has to do.
  }
  const faults = (doc.errors ?? []).map((e) => ({
    where: (e.location ?? "").replace(/^(query|body)\./, ""),
    what: e.message + (isPlain(e.value) ? ` (got ${e.value})` : ""),
  }));
  return new Problem(doc.detail || doc.title || `The server answered ${status}.`, faults, status);
}

function isPlain(value: unknown): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value) && value !== "";
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem("The server cannot be reached. Is breakeven serve still running?", [], 0);
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (!response.ok) throw problemOf(response.status, text);
  return JSON.parse(text) as T;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answer<T>(await fetch(path, { signal: signal ?? null, headers: { Accept: "application/json" } }));
}

export async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return answer<T>(
    await fetch(path, {
      method: "POST",
      signal: signal ?? null,
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    }),
  );
}

// stream asks for work that takes a while: it tells of events while that goes on, and answers with the last one. A form is
// sent as it is, anything else as JSON.
export async function stream<T>(path: string, body: unknown, progress: (p: Progress) => void, signal: AbortSignal): Promise<T> {
  const form = body instanceof FormData;
  const response = await fetch(path, {
    method: "POST",
    signal,
    headers: { Accept: "text/event-stream", ...(!form && { "Content-Type": "application/json" }) },
    body: form ? body : JSON.stringify(body),
  });
  if (!response.ok || !response.body) throw problemOf(response.status, await response.text());
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const pieces: string[] = []; // of the line that has begun: a result comes in many
  let kind = "";
  let result: T | undefined;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      if (result === undefined) throw new Problem("The server ended before it had answered.", [], 0);
      return result;
    }
    const parts = value.split("\n");
    pieces.push(parts[0]!);
    for (const part of parts.slice(1)) {
      const line = pieces.join("");
      pieces.length = 0;
      pieces.push(part);
      if (line.startsWith("event: ")) kind = line.slice(7);
      if (!line.startsWith("data: ")) continue;
      const data = line.slice(6);
      if (kind === "problem") throw problemOf(422, data);
      if (kind === "result") result = JSON.parse(data) as T;
      else progress(JSON.parse(data) as Progress);
    }
  }
}

// upload sends a form and reports how much of it is sent, which fetch cannot.
export function upload<T>(path: string, form: FormData, progress: (share: number) => void, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (e) => {
      if (e.lengthComputable) progress(e.loaded / e.total);
    });
    request.upload.addEventListener("load", () => progress(1));
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as T);
      else reject(problemOf(request.status, request.responseText));
    });
    request.addEventListener("error", () => reject(asProblem(null)));
    request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

// patience is how long a newer question waits for an older one's answer before the older is given up.
const patience = 1000;

// Latest asks one question at a time and keeps only the newest of those that came meanwhile, so that a moving
// slider never floods the server and an old answer never replaces a newer one.
export class Latest<Q, A> {
  private running: AbortController | null = null;
  private next: { question: Q } | null = null;
  private timer = 0;

  constructor(
    private readonly ask: (question: Q, signal: AbortSignal) => Promise<A>,
    private readonly done: (answer: A, question: Q) => void,
    private readonly failed: (problem: Problem, question: Q) => void,
  ) {}

  put(question: Q): void {
    if (!this.running) {
      void this.run(question);
      return;
    }
    this.next = { question };
    if (!this.timer) this.timer = window.setTimeout(() => this.running?.abort(), patience);
  }

  private async run(question: Q): Promise<void> {
    const control = new AbortController();
    this.running = control;
    try {
      const answer = await this.ask(question, control.signal);
      this.done(answer, question);
    } catch (error) {
      if (!control.signal.aborted) this.failed(asProblem(error), question);
    }
    window.clearTimeout(this.timer);
    this.timer = 0;
    this.running = null;
    const next = this.next;
    this.next = null;
    if (next) void this.run(next.question);
  }
}
