// What the simulation says: the sentence, how sure it is, what would help, and the fleet.

import type { ComponentChildren } from "preact";
import type { CapacityAnswer, SimulateAnswer, Trust, TrustInterval } from "../api/types";
import type { Problem } from "../api/client";
import { FleetTime } from "../chart/FleetTime";
import { RateCurve } from "../chart/RateCurve";
import { Replicas } from "../chart/Replicas";
import { capital, count, latency, percent, rounded, tied } from "../format";
import { Source, called } from "../ui/Badge";
import type { Working } from "../state/fleet";
import { Opener } from "../ui/Evidence";
import { Progressing } from "../ui/Progressing";

export const replicas = (n: number) => (n === 1 ? "1 replica" : `${count(n)} replicas`);

// machine is an engine's GPUs, such as 2 × H100 SXM.
export const machine = (name: string) => name.split(" on ").at(-1)!;

function headline(a: SimulateAnswer): string {
  const verb = a.met ? (a.replicas === 1 ? "meets" : "meet") : a.replicas === 1 ? "misses" : "miss";
  return `${replicas(a.replicas)} of ${machine(a.engine.name)} ${verb} the target`;
}

function Why({ label, of, children }: { label: string; of: Trust["provenance"]; children?: string }) {
  return (
    <Opener
      class={of.kind}
      label={label}
      content={() => (
        <>
          {children && <p>{children}</p>}
          <p>
            <Source of={of} />
          </p>
        </>
      )}
    >
      {called(of.kind)}
    </Opener>
  );
}

function Likely(props: { name: string; seconds: number; target: number; of: TrustInterval | undefined }) {
  const { of, seconds, target } = props;
  if (!of) return null;
  const [low, high] = [seconds * of.low, seconds * of.high];
  const turns = seconds <= target && high > target ? "; at the slow end it would miss" : seconds > target && low <= target ? "; at the fast end it would do" : "";
  return (
    <li>
      {props.name} between {latency(low)} and {latency(high)}
      {turns && <b>{turns}</b>} <Why label={`why the interval of ${props.name}?`} of={of.provenance} />
    </li>
  );
}

interface Sized {
  capacity: CapacityAnswer | null;
  // none is why a single replica keeps the target at no rate.
  none: Problem | null;
  onReplicas: (n: number) => void;
  onPlan: () => void;
}

// alone is what the server says where no rate is slow enough. A log's own calls are not those of its means.
const alone = (a: SimulateAnswer, none: Problem) =>
  (a.workload.source === "log" ? "Of calls with this log's means and spreads: " : "") + (none.faults[0]?.what ?? none.title);

// Fixes say what limits a replica and how many would do, where the target is missed.
function Fixes({ a, capacity, none, onReplicas, onPlan }: Sized & { a: SimulateAnswer }) {
  const late = [
    ...(a.late.ttft > a.late.ttft_allowed
      ? [`${count(a.late.ttft)} calls waited longer than ${latency(a.target.ttft_seconds ?? 0)} for the first token, and ${count(a.late.ttft_allowed)} may`]
      : []),
    ...(a.late.tpot > a.late.tpot_allowed
      ? [`${count(a.late.tpot)} answers came slower than ${latency((a.target.tpot_ms ?? 0) / 1000)} a token, and ${count(a.late.tpot_allowed)} may`]
      : []),
  ];
  const needed = capacity && capacity.requests_per_second > 0 ? Math.ceil(a.workload.requests_per_second / capacity.requests_per_second) : 0;
  const next = Math.max(a.replicas + 1, needed);
  return (
    <>
      {late.length > 0 && <p>{late.join("; ")}.</p>}
      {none && <p>More of such replicas do not help by themselves. {alone(a, none)}.</p>}
      {capacity && (
        <p>
          One replica sustains {rounded(capacity.requests_per_second)} such calls a second, and {rounded(a.workload.requests_per_second)} come in the
          mean{needed > a.replicas ? `: that asks for ${count(needed)} at least` : ""}.{" "}
          <button type="button" class="link" onClick={() => onReplicas(next)}>
            Try {replicas(next)}
          </button>
        </p>
      )}
      <p>
        <button type="button" class="link" onClick={onPlan}>
          Search for the cheapest fleet that meets it
        </button>
      </p>
    </>
  );
}

function Words(props: Sized & { answer: SimulateAnswer }) {
  const a = props.answer;
  const t = a.trust;
  const beyond = [...new Set([t.throughput, t.ttft, t.tpot].flatMap((i) => i?.extrapolates ?? []))];
  const refused = a.ends.filter((e) => e.how !== "completed");
  return (
    <>
      <p class="lead">
        p99 TTFT <b class="figure">{latency(a.ttft_seconds.p99)}</b> of {latency(a.target.ttft_seconds ?? 0)}, p99 TPOT{" "}
        <b class="figure">{latency(a.tpot_ms.p99 / 1000)}</b> of {latency((a.target.tpot_ms ?? 0) / 1000)}, {a.met ? "confirmed" : "found"} by
        simulating {count(a.workload.requests)} calls. <Why label="why these latencies?" of={a.provenance} />
      </p>
      {!a.met && <Fixes a={a} {...props} />}
      {refused.length > 0 && <p class="reason">{refused.map((e) => `${count(e.requests)} calls: ${e.how}`).join("; ")}.</p>}
      {!t.calibrated && <p class="extrapolated">{t.sentence}</p>}
      {beyond.length > 0 && (
        <p class="extrapolated">This extrapolates: nothing was measured on {beyond.join(", ")}, so the truth may lie outside the intervals.</p>
      )}
      {(t.ttft ?? t.tpot) && (
        <div class="likely">
          <p>
            {(t.ttft ?? t.tpot)?.provenance.kind === "measured"
              ? "If reality differs from the prediction as it has before, expect"
              : "Too little of the kind was measured to know how far reality differs; it is taken to lie, for"}
          </p>
          <ul>
            <Likely name="p99 TTFT" seconds={a.ttft_seconds.p99} target={a.target.ttft_seconds ?? 0} of={t.ttft} />
            <Likely name="p99 TPOT" seconds={a.tpot_ms.p99 / 1000} target={(a.target.tpot_ms ?? 0) / 1000} of={t.tpot} />
          </ul>
        </div>
      )}
      <p class="muted engine">
        {a.engine.name}. Engine {t.engine}
        {t.versions && `, versions ${t.versions}`}. <Why label="what the engine's constants rest on?" of={t.provenance}>{t.sentence}</Why>
      </p>
    </>
  );
}

function Figures({ answer: a }: { answer: SimulateAnswer }) {
  return (
    <>
      <h2>The fleet</h2>
      <p class="gloss">
        {a.gpus === 1 ? "1 GPU" : `${count(a.gpus)} GPUs`}. {percent(a.good_share)} of the calls kept both goals; replicas were in a step {percent(a.busy_share)} of the time,
        and {rounded(a.gpu_hours)} GPU-hours were rented
        {a.kwh !== undefined && `, ${rounded(a.kwh)} kWh drawn`}. A busy engine is no full one: it is in a step whenever a single call runs.{" "}
        {a.preemptions > 0 && `Calls were thrown out for want of memory ${count(a.preemptions)} times.`}
      </p>
      <Replicas answer={a} />
      <h2>Over time</h2>
      <p class="gloss">{tied(a.workload.sentence)}</p>
      <FleetTime answer={a} />
      <details class="notes">
        <summary>What this rests on</summary>
        <ul>
          {a.notes.map((n) => (
            <li key={n}>{tied(n)}</li>
          ))}
        </ul>
      </details>
    </>
  );
}

function Capacity({ capacity: c, answer: a }: { capacity: CapacityAnswer; answer: SimulateAnswer }) {
  return (
    <>
      <p>
        One replica sustains <b class="figure">{rounded(c.requests_per_second)} calls a second</b> within the target, between{" "}
        {rounded(c.requests_per_second_low)} and {rounded(c.requests_per_second_high)} if it is as slow or as fast as measurements have been.{" "}
        <Why label="why this rate?" of={c.provenance} /> More is kept from it by the {c.reason}.
      </p>
      <RateCurve capacity={c} now={a.workload.requests_per_second / a.replicas} />
      <p class="note">
        This sizes one replica and no fleet: bursts and many small queues need more than the rate over it, which is why the fleet above is simulated.
      </p>
    </>
  );
}

// FleetAnswer is the sentence, then the form, then the figures: in this order on a narrow page, side by side on a wide one.
export function FleetAnswer(props: Sized & { run: Working<SimulateAnswer>; asked: boolean; form: ComponentChildren }) {
  const { run, capacity } = props;
  const a = run.answer;
  const line = a
    ? headline(a)
    : run.problem
      ? "This fleet cannot be simulated"
      : props.asked
        ? "Simulating…"
        : "Choose a log to simulate";
  const old = run.busy && a ? "stale" : "";
  return (
    <>
      <Progressing work={run} what="Simulating" />
      <div class={`verdict-line ${a ? (a.met ? "met" : "missed") : ""}`} id="verdict-line" role="status">
        <h2>{line}</h2>
      </div>
      <div class="fleet-words">
        {a && (
          <div class={old}>
            <Words answer={a} {...props} />
          </div>
        )}
        {run.problem && (
          <p class="reason">{run.problem.faults.map((f) => capital(tied(f.what))).join(" ") || run.problem.title}</p>
        )}
      </div>
      {props.form}
      <div class={`fleet-figures ${old}`}>
        {a && <Figures answer={a} />}
        {a && (
          <>
            <h2>What one replica sustains</h2>
            {props.none && <p>{alone(a, props.none)}.</p>}
            {!props.none && capacity && <Capacity capacity={capacity} answer={a} />}
            {!props.none && !capacity && <p class="muted">Working out the rates…</p>}
          </>
        )}
      </div>
    </>
  );
}
