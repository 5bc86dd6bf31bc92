// A decision with everything that it was made from.

import { useState } from "preact/hooks";
import { CostCurves } from "../chart/CostCurves";
import { Load } from "../chart/Load";
import { style } from "../chart/palette";
import type { Bill, BillLine, DecideAnswer, Decision as Decided, FleetFinding, Line, Option } from "../api/types";
import { aligned, amount, count, dollars, hasCents, number, percent, rounded, short, tied, times, words } from "../format";
import { Arithmetic, Badge, Source } from "../ui/Badge";
import { Unpriced } from "./Unpriced";

// Swatch is an option's line as the chart draws it.
function Swatch({ kind }: { kind: Option["kind"] }) {
  const s = style[kind];
  return (
    <svg class="swatch" width="28" height="10" aria-hidden="true">
      <line x1="0" y1="5" x2="28" y2="5" style={{ stroke: s.color }} stroke-width="2.5" stroke-dasharray={s.dash} />
    </svg>
  );
}

function LedgerLine({ line, id, cents }: { line: Line; id: string; cents: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <tr>
        <th scope="row">
          {line.label}
          <span class="formula">{tied(line.formula)}</span>
        </th>
        <td>{amount(line.usd_per_month, cents)}</td>
        <td class="why">
          <Badge kind={line.provenance.kind} about={line.label} open={open} controls={id} onClick={() => setOpen(!open)} />
        </td>
      </tr>
      {open && (
        <tr class="evidence" id={id}>
          <td colSpan={3}>
            <Arithmetic line={line} />
          </td>
        </tr>
      )}
    </>
  );
}

function OptionLedger({ o }: { o: Option }) {
  const cents = hasCents(o.ledger.lines.map((l) => l.usd_per_month));
  return (
    <table class="inner">
      <caption>{o.name}: dollars per month</caption>
      <thead>
        <tr>
          <th scope="col">Line</th>
          <th scope="col">$ per month</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        {o.ledger.lines.map((l, i) => (
          <LedgerLine key={i} line={l} id={`${o.kind}-line-${i}`} cents={cents} />
        ))}
        {o.missing?.map((m) => (
          <tr key={m} class="missing">
            <th scope="row">{m}</th>
            <td class="gap">no price</td>
            <td />
          </tr>
        ))}
        <tr class="sum">
          <th scope="row">{o.missing?.length ? "Total, at least" : "Total"}</th>
          <td>{amount(o.ledger.total_usd_per_month, cents)}</td>
          <td />
        </tr>
      </tbody>
    </table>
  );
}

function OptionRow({ o, chosen, cents }: { o: Option; chosen: boolean; cents: boolean }) {
  const [open, setOpen] = useState(false);
  const id = `option-${o.kind}`;
  return (
    <>
      <tr class={chosen ? "chosen" : o.feasible ? "" : "out"}>
        <th scope="row">
          <span class="option">
            <Swatch kind={o.kind} /> <b>{style[o.kind].name}</b>
            {chosen && <span class="mark"> cheapest feasible</span>}
          </span>
          <span class="formula">{o.name}</span>
          {o.gpus && (
            <span class="formula narrow">
              {count(o.gpus)} GPUs{o.mean_utilization !== undefined && `, ${percent(o.mean_utilization)} used on average`}
            </span>
          )}
          {o.reasons.map((r) => (
            <span key={r.constraint + r.why} class="formula reason">
              Ruled out: {r.why}
            </span>
          ))}
          {o.changes_model && o.feasible && <span class="formula">Another model than today's: evaluate it on your own task first.</span>}
        </th>
        <td>
          {o.missing?.length ? <span class="muted">at least </span> : null}
          {amount(o.ledger.total_usd_per_month, cents)}
        </td>
        <td class="wide">{o.gpus ? count(o.gpus) : <span class="muted">—</span>}</td>
        <td class="wide">{o.mean_utilization !== undefined ? percent(o.mean_utilization) : <span class="muted">—</span>}</td>
        <td class="why">
          <button type="button" class="link" aria-expanded={open} aria-controls={open ? id : undefined} onClick={() => setOpen(!open)}>
            {open ? "close" : "ledger"}
            <span class="hidden"> of {style[o.kind].name}</span>
          </button>
        </td>
      </tr>
      {open && (
        <tr class="evidence" id={id}>
          <td colSpan={5}>
            <OptionLedger o={o} />
            {o.limit && <p class="note">A replica is bound by its {o.limit}.</p>}
            {o.notes?.map((n) => (
              <p key={n} class="note">
                {n}
              </p>
            ))}
          </td>
        </tr>
      )}
    </>
  );
}

function Options({ d }: { d: Decided }) {
  const cents = hasCents(d.options.map((o) => o.ledger.total_usd_per_month));
  return (
    <div class="ledger">
      <table class="options">
        <caption>The best of each kind, dollars per month</caption>
        <thead>
          <tr>
            <th scope="col">Option</th>
            <th scope="col">$ per month</th>
            <th scope="col" class="wide">
              GPUs
            </th>
            <th scope="col" class="wide">
              Mean use
            </th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {d.options.map((o) => (
            <OptionRow key={o.id} o={o} chosen={o.id === d.verdict.option} cents={cents} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const few = 8;

function Alternatives({ d }: { d: Decided }) {
  const [all, setAll] = useState(false);
  if (d.alternatives.length === 0) return null;
  const shown = all ? d.alternatives : d.alternatives.slice(0, few);
  return (
    <details>
      <summary>{count(d.alternatives.length)} more of the same kinds, which cost more</summary>
      <div class="ledger">
        <table>
          <caption>Alternatives, cheapest first</caption>
          <thead>
            <tr>
              <th scope="col">Option</th>
              <th scope="col">$ per month</th>
              <th scope="col">GPUs</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((a) => (
              <tr key={a.id + a.name}>
                <th scope="row">
                  <span class="option">
                    <Swatch kind={a.kind} /> {a.name}
                  </span>
                </th>
                <td>
                  {!a.complete && <span class="muted">at least </span>}
                  {amount(a.total_usd_per_month, true)}
                </td>
                <td>{a.gpus ? count(a.gpus) : <span class="muted">—</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < d.alternatives.length && (
        <p>
          <button type="button" class="link" onClick={() => setAll(true)}>
            Show all {count(d.alternatives.length)}
          </button>
        </p>
      )}
    </details>
  );
}

// fees are the kinds that vendors price by the thousand, not by the million tokens.
const fees = ["request", "web_search"];

function BillRow({ l, i, rate, usd }: { l: BillLine; i: number; rate: string; usd: string }) {
  const [open, setOpen] = useState(false);
  const id = `bill-${i}`;
  const name = words(l.kind) + (l.tier === "standard" ? "" : `, ${l.tier}`);
  const fee = fees.includes(l.kind);
  return (
    <>
      <tr>
        <th scope="row">
          {name}
          <span class="formula">
            {l.provider}/{l.model}
            {l.at_least_input_tokens ? `, prompts of ${count(l.at_least_input_tokens)} tokens and more` : ""}
            {l.billed_as !== l.kind ? `, billed as ${words(l.billed_as)}` : ""}
          </span>
        </th>
        <td>{count(l.quantity)}</td>
        <td>{fee ? `${Number(l.usd_per_million) / 1000} per 1,000` : rate}</td>
        <td>{usd}</td>
        <td class="why">
          <Badge
            kind={l.provenance.kind}
            about={`the ${name} price of ${l.model}`}
            open={open}
            controls={id}
            onClick={() => setOpen(!open)}
          />
        </td>
      </tr>
      {open && (
        <tr class="evidence" id={id}>
          <td colSpan={5}>
            <p>
              <Source of={l.provenance} />
            </p>
          </td>
        </tr>
      )}
    </>
  );
}

function BillTable({ bill }: { bill: Bill }) {
  const [all, setAll] = useState(false);
  const lines = all ? bill.lines : bill.lines.slice(0, few);
  const usd = aligned([...lines.map((l) => l.usd), bill.total_usd]);
  const rates = aligned(lines.map((l) => l.usd_per_million));
  return (
    <>
      <h3>The log's bill, exactly</h3>
      <Unpriced list={bill.missing} />
      <div class="ledger">
        <table>
          <caption>Tokens by kind at the price in force at each call's time</caption>
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col">Tokens</th>
              <th scope="col">$ per million</th>
              <th scope="col">$</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((l, i) => (
              <BillRow key={i} l={l} i={i} rate={rates[i]!} usd={usd[i]!} />
            ))}
            {bill.missing.map((m, i) => (
              <tr key={`missing${i}`} class="missing">
                <th scope="row">
                  {m.file ? "unreadable rows" : m.kind ? words(m.kind) : "all kinds"}
                  <span class="formula">{m.file || m.model || "no model named"}</span>
                </th>
                <td>{m.file ? "unknown" : count(m.tokens)}</td>
                <td class="gap">no price</td>
                <td class="gap">unknown</td>
                <td />
              </tr>
            ))}
            <tr class="sum">
              <th scope="row">{bill.complete ? "Total" : "Total, at least"}</th>
              <td />
              <td />
              <td>{usd.at(-1)}</td>
              <td />
            </tr>
          </tbody>
        </table>
      </div>
      {lines.length < bill.lines.length && (
        <p>
          <button type="button" class="link" onClick={() => setAll(true)}>
            Show all {count(bill.lines.length)} lines
          </button>
        </p>
      )}
      {bill.notes.map((n) => (
        <p key={n} class="note">
          {n}
        </p>
      ))}
    </>
  );
}

function Fleets({ list }: { list: FleetFinding[] }) {
  const served = list.filter((f) => !f.dropped);
  const dropped = list.filter((f) => f.dropped);
  return (
    <details>
      <summary>
        {count(served.length)} GPU plans can serve it, {count(dropped.length)} cannot
      </summary>
      <ul class="fleets">
        {served.map((f, i) => (
          <li key={i}>
            <b>
              {f.gpus} × {f.accelerator}
            </b>
            , {f.machine}: {f.requests_per_second !== undefined && `${rounded(f.requests_per_second)} requests a second`}
            {f.low !== undefined && f.high !== undefined && `, truly ${times(f.low)} to ${times(f.high)} of that,`}
            {f.usd_per_gpu_hour !== undefined && ` at $${number(f.usd_per_gpu_hour)} a GPU-hour`}
            {f.limit && <span class="muted">; {f.limit}</span>}
            {f.price_provenance && (
              <span class="muted">
                {" "}
                (<Source of={f.price_provenance} />)
              </span>
            )}
          </li>
        ))}
        {dropped.map((f, i) => (
          <li key={`d${i}`} class="muted">
            <b>
              {f.gpus} × {f.accelerator}
            </b>
            , {f.machine}: {f.dropped}
          </li>
        ))}
      </ul>
    </details>
  );
}

export function Decision({ answer }: { answer: DecideAnswer }) {
  const { decision: d, workload: w, bill, fleets } = answer;
  if (!d || !w) return null;
  const v = d.verdict;
  return (
    <div class="decision" id="decision" tabIndex={-1}>
      <div class="verdict">
        <p class="kicker">{d.constraints.length > 0 ? `Under your constraints: ${d.constraints.join("; ")}` : "Your workload"}</p>
        <h3>{v.headline}</h3>
        <p class="lead">{tied(v.sentence)}</p>
        <p>
          <b>Confidence: {v.confidence}.</b> {v.confidence_why}
        </p>
      </div>
      <div class="workload">
        <p>
          {w.sentence} {short(w.input_tokens_per_month)} input and {short(w.output_tokens_per_month)} output tokens a month;{" "}
          {percent(w.cached_share)} of the input came from the cache.
        </p>
        {w.extrapolated && (
          <p class="extrapolated">
            <b>Extrapolated.</b> The log does not span a month of 730 hours, so its totals are scaled to one. If the rest of the month is
            not like it, every figure below is wrong by as much.
          </p>
        )}
        {w.files?.map((f) => (
          <p key={f.name} class="note">
            {f.name}: read as {words(f.format)} because {f.format_why}. {count(f.calls)} of {count(f.rows)} rows are calls
            {f.skipped > 0 && `, ${count(f.skipped)} are none`}
            {f.faulty > 0 && `, ${count(f.faulty)} could not be read`}.
          </p>
        ))}
      </div>
      <Options d={d} />
      <Alternatives d={d} />
      <CostCurves decision={d} />
      <Load workload={w} />
      {d.break_evens.length > 0 && (
        <>
          <h3>Break-even</h3>
          <ul class="sentences">
            {d.break_evens.map((b) => (
              <li key={b.kind + b.against}>{tied(b.sentence)}</li>
            ))}
          </ul>
        </>
      )}
      <h3>What would change the answer</h3>
      {v.flips.length > 0 ? (
        <ul class="sentences">
          {v.flips.map((f) => (
            <li key={f.input + f.to}>{tied(f.sentence)}</li>
          ))}
        </ul>
      ) : (
        <p>No change of a single input brings the cheapest way with GPUs level with the cheapest way without.</p>
      )}
      {v.price_of_constraints_usd_per_month > 0 && (
        <p>
          The constraints cost <b class="figure">{dollars(v.price_of_constraints_usd_per_month)}</b> a month.
        </p>
      )}
      {bill && <BillTable bill={bill} />}
      {fleets && fleets.length > 0 && <Fleets list={fleets} />}
      {answer.notes.length > 0 && (
        <>
          <h3>Assumed, extrapolated, left out</h3>
          <ul class="sentences">
            {answer.notes.map((n) => (
              <li key={n}>{tied(n)}</li>
            ))}
          </ul>
        </>
      )}
      <p class="note muted">
        Price book {answer.stamp.snapshot}, program {answer.stamp.version}.
      </p>
    </div>
  );
}
