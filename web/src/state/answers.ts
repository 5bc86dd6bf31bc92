// What the server answers to the view.

import { batch, effect, signal } from "@preact/signals";
import { get, Latest, type Problem } from "../api/client";
import type { ConstraintSet, PartName, Parts, QuickAnswer } from "../api/types";
import { limits, parts, source, vendor } from "./store";

export const quick = signal<QuickAnswer | null>(null);
export const quickProblem = signal<Problem | null>(null);

// query sends every figure, and names those that stand where the scenario put them: nobody chose those.
function query(p: Parts, c: ConstraintSet, of: string, standard: Parts | undefined): string {
  const q = new URLSearchParams({ sweeps: "true" });
  const guessed = Object.keys(p).filter((name) => p[name as PartName] === standard?.[name as PartName]);
  if (guessed.length > 0) q.set("guessed", guessed.join(","));
  if (of) q.set("vendor", of);
  for (const [name, value] of Object.entries(p)) q.set(name, String(value));
  for (const [name, value] of Object.entries(c)) {
    if (Array.isArray(value) ? value.length > 0 : value) q.set(name, String(value));
  }
  return q.toString();
}

const asking = new Latest<string, QuickAnswer>(
  (q, signal) => get<QuickAnswer>("/api/v1/quick?" + q, signal),
  (answer) =>
    batch(() => {
      quick.value = answer;
      quickProblem.value = null;
    }),
  (problem) => {
    quickProblem.value = problem;
  },
);

effect(() => {
  const p = parts.value;
  const c = limits.value;
  if (p && c) asking.put(query(p, c, vendor.value ?? "", source.value?.parts));
});
