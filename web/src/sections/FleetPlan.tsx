// The cheapest fleet, and what it was compared with. A row loads its fleet into the simulation.

import { useState } from "preact/hooks";
import type { PlanAnswer, PlanFleet } from "../api/types";
import { capital, count, dollars, latency, percent, tied, toCents } from "../format";
import type { Ask, Working } from "../state/fleet";
import { Source, called } from "../ui/Badge";
import { Opener } from "../ui/Evidence";
import { Progressing } from "../ui/Progressing";
import { machine, replicas } from "./FleetAnswer";

const status: Record<PlanFleet["status"], string> = {
  cheapest: "cheapest",
  holds: "meets the target",
  dearer: "dearer",
  floor: "dearer at its floor",
  misses: "misses the target",
  no_fit: "does not fit",
};

const terms = [
  ["on_demand", "on demand"],
  ["spot", "spot"],
  ["reserved_1y", "reserved for a year"],
  ["reserved_3y", "reserved for three years"],
] as const;

function Proof({ f }: { f: PlanFleet }) {
  const o = f.offer;
  if (!o) return null;
  return (
    <Opener
      class={o.provenance.kind}
      label={`what ${f.engine.name} rests on`}
      content={() => (
        <>
          <p>
            <b>{f.engine.name}</b>: weights take {f.engine.weights_gb.toFixed(1)} GB of each GPU, and {f.engine.cache_gb.toFixed(1)} GB are left for
            the cache, {count(f.engine.cache_tokens)} tokens.
          </p>
          <p>
            {o.vendor} {o.region} {o.instance}, ${o.usd_per_hour} an hour: <Source of={o.provenance} />
          </p>
          <p>{f.trust.sentence}</p>
          <p>
            <Source of={f.trust.provenance} />
          </p>
        </>
      )}
    >
      {called(o.provenance.kind)}
    </Opener>
  );
}

// load is the question that a candidate answers.
function load(f: PlanFleet): Partial<Ask> {
  const e = f.engine;
  return {
    gpu: e.gpu,
    precision: e.precision,
    spread: e.expert_parallel && e.data_parallel > 1 ? `ep${e.data_parallel}` : String(e.tensor_parallel),
    replicas: f.replicas ?? Math.max(1, f.floor_replicas ?? 1),
  };
}

function same(f: PlanFleet, ask: Ask): boolean {
  const l = load(f);
  return l.gpu === ask.gpu && l.precision === ask.precision && l.spread === ask.spread && l.replicas === ask.replicas;
}

function Row({ f, ask, onLoad }: { f: PlanFleet; ask: Ask; onLoad: (set: Partial<Ask>) => void }) {
  const can = f.engine.gpu !== "";
  const short = `${machine(f.engine.name)}, ${f.engine.precision}`;
  const found = f.machines !== undefined;
  return (
    <tr
      class={`${f.status === "cheapest" ? "chosen" : found ? "" : "out"} ${can ? "can" : ""}`}
      aria-current={same(f, ask) ? "true" : undefined}
      onClick={(e) => {
        if (can && !(e.target as Element).closest("button, a")) onLoad(load(f));
      }}
    >
      <th scope="row">
        {can ? (
          <button type="button" class="link" onClick={() => onLoad(load(f))}>
            <span class="hidden">Simulate </span>
            {f.status === "cheapest" ? <b>{short}</b> : short}
          </button>
        ) : (
          short
        )}
        <span class="formula">
          {f.offer ? (found ? `${count(f.machines!)} × ${f.offer.vendor} ${f.offer.instance}` : `${f.offer.vendor} ${f.offer.instance}`) : ""}
        </span>
      </th>
      <td>{found ? toCents(f.usd_per_hour!) : f.floor_usd_per_hour ? <span class="muted">from {toCents(f.floor_usd_per_hour)}</span> : "—"}</td>
      <td>{found ? dollars(Math.round(Number(f.usd_per_month))) : "—"}</td>
      <td>{found ? count(f.replicas!) : f.floor_replicas ? <span class="muted">≥ {count(f.floor_replicas)}</span> : "—"}</td>
      <td>{found ? latency(f.ttft_seconds!) : "—"}</td>
      <td>{found ? latency(f.tpot_ms! / 1000) : "—"}</td>
      <td class="text">
        <b>{capital(status[f.status])}</b>: {tied(f.why)} <Proof f={f} />
      </td>
    </tr>
  );
}

function Candidates({ plan, ask, onLoad }: { plan: PlanAnswer; ask: Ask; onLoad: (set: Partial<Ask>) => void }) {
  const [all, setAll] = useState(false);
  const price = (f: PlanFleet) => Number(f.usd_per_hour ?? Infinity);
  const holding = plan.candidates.filter((f) => f.machines !== undefined).toSorted((a, b) => price(a) - price(b));
  const dropped = plan.candidates.filter((f) => f.machines === undefined);
  const reasons = Object.keys(status)
    .map((s) => [s as PlanFleet["status"], dropped.filter((f) => f.status === s).length] as const)
    .filter(([, n]) => n > 0)
    .map(([s, n]) => `${count(n)} ${s === "no_fit" && n > 1 ? "do not fit" : s === "misses" && n > 1 ? "miss the target" : status[s]}`);
  return (
    <>
      <div class="ledger" tabIndex={0} role="region" aria-label="Candidate fleets">
        <table class="candidates-table">
          <caption>The fleets that were compared. A click on one simulates it above.</caption>
          <thead>
            <tr>
              <th scope="col">Fleet</th>
              <th scope="col">$ an hour</th>
              <th scope="col">$ a month</th>
              <th scope="col">Replicas</th>
              <th scope="col">p99 TTFT</th>
              <th scope="col">p99 TPOT</th>
              <th scope="col" class="text">
                Why
              </th>
            </tr>
          </thead>
          <tbody>
            {[...holding, ...(all ? dropped : [])].map((f, i) => (
              <Row key={`${f.engine.name} ${f.engine.data_parallel} ${i}`} f={f} ask={ask} onLoad={onLoad} />
            ))}
          </tbody>
        </table>
      </div>
      {dropped.length > 0 && (
        <p>
          Dropped: {reasons.join(", ")}.{" "}
          <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? "Hide the dropped ones" : `Show all ${count(plan.candidates.length)}`}
          </button>
        </p>
      )}
    </>
  );
}

function Variants({ plan }: { plan: PlanAnswer }) {
  const e = plan.elastic;
  return (
    <div class="ledger" tabIndex={0} role="region" aria-label="Variants of the cheapest fleet">
      <table class="variants">
        <caption>The same machines under other circumstances</caption>
        <thead>
          <tr>
            <th scope="col">Variant</th>
            <th scope="col">Machines</th>
            <th scope="col">$ a month</th>
            <th scope="col" class="text">
              What it means
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">One to spare (N+1)</th>
            <td>{count(plan.spare.machines)}</td>
            <td>{dollars(Math.round(Number(plan.spare.usd_per_month)))}</td>
            <td class="text">{plan.spare.why}</td>
          </tr>
          <tr>
            <th scope="row">Grows and shrinks</th>
            <td>{e?.met ? `${count(e.least_replicas ?? 0)}–${count(e.most_replicas ?? 0)} replicas` : "—"}</td>
            <td>{e?.met ? `about ${dollars(Math.round(e.usd_per_month ?? 0))}` : "—"}</td>
            <td class="text">{e ? tied(e.why) : "One machine is enough, so there is nothing to let go of."}</td>
          </tr>
          {plan.range.map((r) => (
            <tr key={r.reading}>
              <th scope="row">{capital(r.reading)}</th>
              <td>{r.machines === undefined ? "—" : count(r.machines)}</td>
              <td>{r.usd_per_month === undefined ? "—" : dollars(Math.round(Number(r.usd_per_month)))}</td>
              <td class="text">{r.why ? tied(r.why) : "The target is kept, as simulated."}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function FleetPlan(props: { ask: Ask; work: Working<PlanAnswer>; ready: boolean; set: (set: Partial<Ask>, entry?: boolean) => void; onLoad: (set: Partial<Ask>) => void }) {
  const { ask, work, set } = props;
  const plan = work.answer;
  return (
    <section class="plain" aria-labelledby="plan-title" id="plan">
      <h2 id="plan-title">The cheapest fleet</h2>
      <p class="gloss">
        Every GPU that somebody rents out, in each precision and spread over one to eight, priced from the book, bracketed by a closed form, and
        confirmed by simulating every call on the whole fleet.
      </p>
      <form class="filters" aria-label="What the search may take" onSubmit={(e) => e.preventDefault()}>
        <label>
          Rented
          <select value={ask.term} onChange={(e) => set({ term: e.currentTarget.value }, true)}>
            {terms.map(([id, name]) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {!ask.plan && (
          <button type="button" class="primary" disabled={!props.ready} onClick={() => set({ plan: true }, true)}>
            Find the cheapest fleet
          </button>
        )}
        <div class="checks">
          <label class="check">
            <input type="checkbox" checked={ask.low} onChange={(e) => set({ low: e.currentTarget.checked }, true)} />
            <span>Weights of less than 8 bits too, which may change what the model answers</span>
          </label>
        </div>
      </form>
      {!props.ready && <p class="muted">Choose a log first.</p>}
      {ask.plan && props.ready && (
        <>
          <Progressing work={work} what="Searching" stop={() => set({ plan: false }, true)} />
          {work.problem && (
            <div class="missing" role="alert">
              <p>
                <b>No fleet was found.</b> {work.problem.faults.map((f) => capital(tied(f.what))).join(" ") || work.problem.title}
              </p>
            </div>
          )}
          {plan && (
            <div class={work.busy ? "stale" : ""}>
              <p class="lead plan-sentence">
                {plan.sentence}{" "}
                <Opener
                  class={plan.provenance.kind}
                  label="why this fleet?"
                  content={() => (
                    <p>
                      <Source of={plan.provenance} />
                    </p>
                  )}
                >
                  {called(plan.provenance.kind)}
                </Opener>
              </p>
              <p>
                {plan.proof} {count(plan.fleets)} fleets were compared in {count(plan.simulations)} simulations of {count(plan.simulated_requests)}{" "}
                calls; the cheapest is busy {percent(plan.best.busy_share ?? 0)} of the time with {replicas(plan.best.replicas ?? 1)}.
              </p>
              <Candidates plan={plan} ask={ask} onLoad={props.onLoad} />
              <Variants plan={plan} />
              <details class="notes">
                <summary>What the search does not see</summary>
                <ul>
                  {plan.notes.map((n) => (
                    <li key={n}>{tied(n)}</li>
                  ))}
                </ul>
              </details>
            </div>
          )}
        </>
      )}
    </section>
  );
}
