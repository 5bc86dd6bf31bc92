// What a page reads from the server.

import { useEffect, useState } from "preact/hooks";
import { asProblem, get, type Problem } from "../api/client";

export interface Data<T> {
  data: T | null;
  problem: Problem | null;
  // busy says that what is shown may be about to change.
  busy: boolean;
  retry: () => void;
}

// kept are the last answers, so that the way back shows a page at once.
const kept = new Map<string, unknown>();
const most = 24;

function keep(path: string, answer: unknown): void {
  kept.delete(path);
  kept.set(path, answer);
  for (const oldest of kept.keys()) {
    if (kept.size <= most) break;
    kept.delete(oldest);
  }
}

// useData reads a path, and again when it changes; until the new answer is there the old one stays. An empty path reads
// nothing.
export function useData<T>(path: string): Data<T> {
  const [state, setState] = useState<{ path: string; data: T | null; problem: Problem | null }>({
    path: "",
    data: (kept.get(path) as T | undefined) ?? null,
    problem: null,
  });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!path) return;
    const control = new AbortController();
    const held = kept.get(path) as T | undefined;
    if (held !== undefined) setState({ path, data: held, problem: null });
    get<T>(path, control.signal).then(
      (data) => {
        keep(path, data);
        setState({ path, data, problem: null });
      },
      (error: unknown) => {
        if (!control.signal.aborted) setState((s) => ({ path, data: s.data, problem: asProblem(error) }));
      },
    );
    return () => control.abort();
  }, [path, round]);
  return { data: state.data, problem: state.problem, busy: state.path !== path && path !== "", retry: () => setRound(round + 1) };
}
