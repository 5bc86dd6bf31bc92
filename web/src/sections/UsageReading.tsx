// How far the sending and reading of a log has come, and what was noted on the way.

import { count, percent, tied } from "../format";
import type { Asked } from "../state/usage";

export function Reading({ work }: { work: Pick<Asked<unknown>, "sent" | "busy"> }) {
  if (!work.busy) return null;
  const sending = work.sent > 0 && work.sent < 1;
  return (
    <div class="progress" role="status">
      <p class="muted">{sending ? `Sending: ${percent(Math.round(work.sent * 100) / 100)}` : "Reading…"}</p>
      <progress aria-label="Progress" {...(sending && { value: work.sent })} max={1} />
    </div>
  );
}

export function Notes({ of, list }: { of: string; list: string[] }) {
  if (list.length === 0) return null;
  return (
    <details class="notes">
      <summary>
        {list.length === 1 ? "One note" : `${count(list.length)} notes`} on {of}
      </summary>
      <ul class="sentences">
        {list.map((n) => (
          <li key={n}>{tied(n)}</li>
        ))}
      </ul>
    </details>
  );
}
