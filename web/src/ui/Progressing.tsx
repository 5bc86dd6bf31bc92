// How far long work has come, in words and as a bar. It takes its room whether it is there or not, so that nothing jumps.

import { capital, count } from "../format";
import type { Working } from "../state/fleet";

export function Progressing<T>({ work, what, stop }: { work: Working<T>; what: string; stop?: () => void }) {
  const p = work.progress;
  return (
    <div class="progressing" aria-busy={work.busy}>
      {work.busy && (
        <>
          <progress aria-label={what} {...(p && p.of > 0 && { value: p.done, max: p.of })} />
          <span class="muted">
            {p ? `${capital(p.phase)}${p.of > 1 ? `, ${count(p.done)} of ${count(p.of)}` : ""}` : `${what}…`}
            {p && p.calls > 0 && `; ${count(p.calls)} calls simulated`}
            {p?.best && `; so far ${p.best}`}
          </span>
        </>
      )}
      {stop && (
        <button type="button" class="link" onClick={stop}>
          {work.busy ? "Stop" : "Close the search"}
        </button>
      )}
    </div>
  );
}
