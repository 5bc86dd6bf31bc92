// The fleet drawn: a router, and behind it each replica with its GPUs, how busy they are and how full their cache is.

import { useState } from "preact/hooks";
import type { ReplicaAnswer, SimulateAnswer } from "../api/types";
import { count, percent, rounded, words } from "../format";

const first = 8;

function Bar({ share, peak, label }: { share: number; peak?: number; label: string }) {
  return (
    <span class="bar">
      <span class="bar-track" aria-hidden="true">
        <span class="bar-fill" style={{ width: `${Math.min(100, share * 100)}%` }} />
        {peak !== undefined && <span class="bar-peak" style={{ left: `${Math.min(100, peak * 100)}%` }} />}
      </span>
      <span class="bar-label">{label}</span>
    </span>
  );
}

const wholePercent = (v: number) => (v > 0.995 && v < 1 ? "over 99\u00a0%" : percent(Math.round(v * 100) / 100));

function Replica({ r, at, gpus, part }: { r: ReplicaAnswer; at: number; gpus: number; part: string }) {
  return (
    <li>
      <span class="which">
        Replica {at} <span class="muted">{count(r.completed)} calls</span>
      </span>
      <span class="gpus-of" aria-hidden="true">
        {Array.from({ length: gpus }, (_, i) => (
          <span key={i} class="gpu-box">
            {part}
          </span>
        ))}
      </span>
      <Bar share={r.busy_share} label={`busy ${wholePercent(r.busy_share)}`} />
      <Bar
        share={r.cache_share}
        peak={r.cache_peak_share}
        label={`cache ${wholePercent(r.cache_share)}, peak ${wholePercent(r.cache_peak_share)}`}
      />
    </li>
  );
}

export function Replicas({ answer: a }: { answer: SimulateAnswer }) {
  const [all, setAll] = useState(false);
  const list = all ? a.fleet : a.fleet.slice(0, first);
  const gpus = a.engine.gpus;
  // The part's name without its maker and its form: H100, 6000, MI300X.
  const part = a.engine.name.split(" × ").at(-1)!.split(" ").find((w) => /\d/.test(w)) ?? "GPU";
  return (
    <div class="fleet-drawing">
      <p class="router">
        <b>Router</b>
        <span>{capitalWords(a.routing)}</span>
        <span class="muted">{rounded(a.workload.requests_per_second)} calls/s</span>
      </p>
      <div>
        <ol aria-label={`${count(a.replicas)} replicas of ${count(gpus)} GPUs`}>
          {list.map((r, i) => (
            <Replica key={i} r={r} at={i + 1} gpus={gpus} part={part} />
          ))}
        </ol>
        {a.fleet.length > first && (
          <p class="more">
            <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? `Show the first ${first} only` : `Show ${count(a.fleet.length - first)} more`}
            </button>
          </p>
        )}
        {a.replicas > a.fleet.length && <p class="more muted">and {count(a.replicas - a.fleet.length)} more that are not listed.</p>}
      </div>
    </div>
  );
}

const capitalWords = (id: string) => words(id).replace(/^./, (c) => c.toUpperCase());
