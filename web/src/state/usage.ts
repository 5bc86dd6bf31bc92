// What the usage page asks, as its address says it, and how the server is asked: about files that are sent with each
// question, or about the calls that it keeps.

import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem, get, upload, type Problem } from "../api/client";
import type { ProfileAnswer } from "../api/types";
import { demoLog, held, logForm, reading } from "./log";

export const dimensions = ["model", "project", "provider", "user"] as const;
export type Dimension = (typeof dimensions)[number];

export const periods = ["hour", "day", "month"] as const;
export type Period = (typeof periods)[number];

export interface View {
  log: "" | "example" | "kept"; // empty for files
  by: Dimension;
  per: Period | ""; // empty for the one that suits the log
  reported: boolean;
  // Which of its calls.
  from: string;
  to: string;
  project: string;
}

const day = /^\d{4}-\d{2}-\d{2}$/;

// readView takes the view from a query; what makes no sense is left at its default.
export function readView(q: URLSearchParams): View {
  const one = <T extends string>(name: string, choices: readonly T[], otherwise: T): T => choices.find((c) => c === q.get(name)) ?? otherwise;
  const date = (name: string) => (day.test(q.get(name) ?? "") ? q.get(name)! : "");
  return {
    log: one("log", ["", "example", "kept"], ""),
    by: one("by", dimensions, "model"),
    per: one("per", ["", ...periods], ""),
    reported: q.get("cost") === "both",
    from: date("from"),
    to: date("to"),
    project: q.get("project") ?? "",
  };
}

const hoursIn = { day: 24, month: 730 };

// suits is the period that divides a log into bars that can be told apart.
export function suits(p: ProfileAnswer | null): Period {
  const span = p?.workload.profile.span_hours ?? 0;
  if (span <= 5 * hoursIn.day) return "hour";
  return span <= 13 * hoursIn.month ? "day" : "month";
}

export interface Question {
  // path is of the calls in files; that of the kept ones lies beside it.
  path: "report" | "profile";
  fields: [string, string][];
  view: Pick<View, "log" | "from" | "to" | "project">;
  held: number; // which files
  reading: string;
}

// question is what is asked of the log of a view, and nothing while there is none.
export function question(v: View, path: Question["path"], fields: [string, string][]): Question | null {
  if (v.log === "" && held.value.files.length === 0) return null;
  const { log, from, to, project } = v;
  return {
    path,
    fields,
    view: { log, from, to, project },
    held: log === "" ? held.value.version : 0,
    reading: log === "" ? JSON.stringify(reading.value) : "",
  };
}

// after is the day after one: the server's selection ends before an instant, and a reader's day is in it.
const after = (date: string) => new Date(Date.parse(date + "T00:00:00Z") + 86_400_000).toISOString().slice(0, 10);

// selection is a view's part of the log, as the server is asked for it.
export function selection(v: Pick<View, "from" | "to" | "project">): [string, string][] {
  const list: [string, string][] = [];
  if (v.from) list.push(["from", v.from]);
  if (v.to) list.push(["to", after(v.to)]);
  if (v.project) list.push(["only", `project=${v.project}`]);
  return list;
}

async function ask<T>(q: Question, progress: (share: number) => void, signal: AbortSignal): Promise<T> {
  const fields = [...q.fields, ...selection(q.view)];
  if (q.view.log === "kept") return get<T>(`/api/v1/usage/kept/${q.path}?` + new URLSearchParams(fields).toString(), signal);
  return upload<T>(`/api/v1/usage/${q.path}`, logForm(reading.value, await logsOf(q.view), fields), progress, signal);
}

// kept are the last answers about the log at hand, so that going back to a choice shows it at once.
const kept = new Map<string, unknown>();
const most = 12;

function keep(key: string, answer: unknown): void {
  kept.set(key, answer);
  for (const oldest of kept.keys()) {
    if (kept.size <= most) break;
    kept.delete(oldest);
  }
}

// forget drops what was answered about the kept calls, which have changed.
export const forget = () => kept.clear();

export interface Asked<T> {
  answer: T | null;
  problem: Problem | null;
  busy: boolean;
  // sent is how much of the log is sent, up to one.
  sent: number;
}

// useAnswer asks a question when it changes, and gives up the one before. Until the new answer is there the old one stays.
export function useAnswer<T>(q: Question | null): Asked<T> & { retry: () => void } {
  const [state, setState] = useState<{ key: string; answer: T | null; problem: Problem | null }>({ key: "", answer: null, problem: null });
  const [sent, setSent] = useState(0);
  const [round, setRound] = useState(0);
  const key = q ? JSON.stringify(q) : "";
  useEffect(() => {
    if (!q) {
      setState({ key, answer: null, problem: null });
      return;
    }
    const known = kept.get(key) as T | undefined;
    if (known !== undefined) {
      setState({ key, answer: known, problem: null });
      return;
    }
    const control = new AbortController();
    setSent(0);
    ask<T>(q, (share) => !control.signal.aborted && setSent(share), control.signal).then(
      (answer) => {
        if (control.signal.aborted) return;
        keep(key, answer);
        setState({ key, answer, problem: null });
      },
      (error: unknown) => {
        if (!control.signal.aborted) setState({ key, answer: null, problem: asProblem(error) });
      },
    );
    return () => control.abort();
  }, [key, round]);
  return { answer: state.answer, problem: state.problem, busy: key !== "" && state.key !== key, sent, retry: () => setRound(round + 1) };
}

// Sending is one request that a button makes.
export interface Sending<T> {
  answer: T | null;
  problem: Problem | null;
  busy: boolean;
  sent: number;
}

const idle = { answer: null, problem: null, busy: false, sent: 0 };

// useSend makes requests when it is told to, and gives up the one before.
export function useSend<T>(): Sending<T> & { send: (ask: (progress: (share: number) => void, signal: AbortSignal) => Promise<T>) => void; clear: () => void } {
  const [state, setState] = useState<Sending<T>>(idle);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const send = (ask: (progress: (share: number) => void, signal: AbortSignal) => Promise<T>) => {
    running.current?.abort();
    const mine = (running.current = new AbortController());
    const set = (next: Sending<T>) => !mine.signal.aborted && setState(next);
    setState({ ...idle, busy: true });
    ask((sent) => set({ ...idle, busy: true, sent }), mine.signal).then(
      (answer) => set({ ...idle, answer }),
      (error: unknown) => set({ ...idle, problem: asProblem(error) }),
    );
  };
  return { ...state, send, clear: () => setState(idle) };
}

// logsOf are the files of a view's log, of which the calls that the server keeps have none.
export async function logsOf(v: Pick<View, "log">): Promise<File[]> {
  if (v.log === "kept") return [];
  return v.log === "example" ? [await demoLog()] : held.value.files;
}
