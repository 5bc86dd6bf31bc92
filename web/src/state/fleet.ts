// What the fleet page asks, as its address says it, and how the server is asked.

import { useEffect, useState } from "preact/hooks";
import { asProblem, stream, type Problem } from "../api/client";
import type { Progress } from "../api/types";
import { demoLog, held } from "./log";

export type Work = "means" | "log" | "demo";

export interface Ask {
  model: string;
  gpu: string;
  precision: string;
  // spread is how a replica lies over its GPUs: empty for the fewest that fit, "4" for four that share every layer, "ep8"
  // for eight that divide the experts.
  spread: string;
  replicas: number;
  routing: string;
  work: Work;
  rate: number;
  input: number;
  output: number;
  ttft: number; // seconds
  tpot: number; // milliseconds
  plan: boolean;
  term: string;
  low: boolean; // precisions below eight bits may be taken
}

export const start: Ask = {
  model: "llama-3.3-70b",
  gpu: "h100-sxm",
  precision: "fp8",
  spread: "",
  replicas: 2,
  routing: "least_loaded",
  work: "means",
  rate: 5,
  input: 1024,
  output: 256,
  ttft: 2,
  tpot: 50,
  plan: false,
  term: "on_demand",
  low: false,
};

export const mostReplicas = 4096;

// names are what the address calls the parts of a question.
const names = {
  model: "model",
  gpu: "gpu",
  precision: "precision",
  spread: "tp",
  replicas: "n",
  routing: "routing",
  work: "work",
  rate: "rate",
  input: "input",
  output: "output",
  ttft: "ttft",
  tpot: "tpot",
  plan: "plan",
  term: "term",
  low: "low",
} satisfies Record<keyof Ask, string>;

const keys = Object.keys(names) as (keyof Ask)[];

// read takes a question from a query. What makes no sense as a number or a choice is reported and left at its default;
// whether a value is in its range is for the server to say, beside its field.
export function read(query: URLSearchParams): { ask: Ask; faults: string[] } {
  const faults: string[] = [];
  const ask: Record<string, unknown> = { ...start };
  for (const key of keys) {
    const text = query.get(names[key]);
    if (text === null) continue;
    const standard = start[key];
    let value: unknown = text;
    if (typeof standard === "number") value = text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
    if (typeof standard === "boolean") value = text === "1" ? true : undefined;
    if (key === "work" && !["means", "log", "demo"].includes(text)) value = undefined;
    if (key === "spread" && !/^(|\d{1,3}|ep\d{1,3})$/.test(text)) value = undefined;
    if (key === "replicas" && typeof value === "number") value = Math.min(mostReplicas, Math.max(1, Math.round(value)));
    if (value === undefined) faults.push(`${names[key]}=${text}`);
    else ask[key] = value;
  }
  return { ask: ask as unknown as Ask, faults };
}

// changes are the parts of a query for parts of a question; what is as at the start is left out.
export function changes(set: Partial<Ask>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(set).map(([key, value]) => [
      names[key as keyof Ask],
      value === start[key as keyof Ask] ? "" : typeof value === "boolean" ? (value ? "1" : "") : String(value),
    ]),
  );
}

export interface Question {
  path: string;
  request: object;
  work: Work;
  // logs is which log it is about.
  logs: number;
}

const target = (a: Ask) => ({ ttft_seconds: a.ttft, tpot_ms: a.tpot });
const workload = (a: Ask) => (a.work === "means" ? { workload: { requests_per_second: a.rate, input: a.input, output: a.output } } : {});

export function parallel(spread: string): { tensor_parallel?: number; data_parallel?: number; expert_parallel?: boolean } {
  if (spread.startsWith("ep")) return { tensor_parallel: 1, data_parallel: Number(spread.slice(2)), expert_parallel: true };
  return spread ? { tensor_parallel: Number(spread) } : {};
}

// question is what a path is asked, and nothing while the log is to be chosen.
function question(a: Ask, path: string, request: object): Question | null {
  if (a.work === "log" && held.value.files.length === 0) return null;
  return {
    path: a.work === "means" ? path : path + "/log",
    request: { ...request, target: target(a), ...workload(a) },
    work: a.work,
    logs: a.work === "log" ? held.value.version : 0,
  };
}

export const simulation = (a: Ask) =>
  question(a, "/api/v1/simulate", {
    model: a.model,
    gpu: a.gpu,
    precision: a.precision,
    ...parallel(a.spread),
    replicas: a.replicas,
    routing: a.routing,
  });

export const planning = (a: Ask) =>
  question(a, "/api/v1/plan", {
    model: a.model,
    term: a.term,
    routing: a.routing,
    ...(a.low && { precisions: ["bf16", "fp8", "int8", "fp4", "int4"] }),
  });

async function body(q: Question): Promise<unknown> {
  if (q.work === "means") return q.request;
  const form = new FormData();
  form.append("request", JSON.stringify(q.request));
  for (const f of q.work === "demo" ? [await demoLog()] : held.value.files) form.append("files", f, f.name);
  return form;
}

export interface Working<T> {
  answer: T | null;
  problem: Problem | null;
  // progress is how far the newest question has come.
  progress: Progress | null;
  busy: boolean;
}

const nothing = { answer: null, problem: null, progress: null, key: "" };

// useWork asks a question a moment after it last changed, and gives up the one before. Until the new answer is there the
// old one stays.
export function useWork<T>(q: Question | null, wait: number): Working<T> {
  const [state, setState] = useState<Omit<Working<T>, "busy"> & { key: string }>(nothing);
  const key = q ? JSON.stringify(q) : "";
  useEffect(() => {
    if (!q) return;
    const control = new AbortController();
    const tell = (progress: Progress) => !control.signal.aborted && setState((s) => ({ ...s, progress }));
    const timer = window.setTimeout(() => {
      body(q)
        .then((b) => stream<T>(q.path, b, tell, control.signal))
        .then(
          (answer) => !control.signal.aborted && setState({ answer, problem: null, progress: null, key }),
          (error: unknown) => !control.signal.aborted && setState({ answer: null, problem: asProblem(error), progress: null, key }),
        );
    }, wait);
    return () => {
      window.clearTimeout(timer);
      control.abort();
      setState((s) => (s.progress ? { ...s, progress: null } : s));
    };
  }, [key]);
  if (!q) return { ...nothing, busy: false };
  return { answer: state.answer, problem: state.problem, progress: state.progress, busy: state.key !== key };
}
