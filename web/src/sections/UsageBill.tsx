// What was billed beside what the calls cost, and the cause of each difference.

import { useState } from "preact/hooks";
import { upload } from "../api/client";
import type { ReconcileAnswer, ReconciledLine, Reconciliation, Settled } from "../api/types";
import { aligned, count, day, exact, short, tied, toCents, words } from "../format";
import { logForm, reading } from "../state/log";
import { logsOf, selection, useSend, type View } from "../state/usage";
import { Drop } from "../ui/Drop";
import { Trouble } from "../ui/Trouble";
import { Section } from "./Section";
import { Unpriced } from "./Unpriced";
import { Notes, Reading } from "./UsageReading";

const standings: Record<Settled, string> = { explained: "explained", missing: "one side lacks it", unexplained: "unexplained" };

const signedCents = (usd: string) => (usd.startsWith("-") || Number(usd) === 0 ? "" : "+") + toCents(usd);

function Totals({ r }: { r: Reconciliation }) {
  const rows: [string, string, string][] = [
    ["Computed", r.computed_usd, "what the calls cost at the price in force"],
    ["Billed", r.billed_usd, ""],
    ["Difference", r.difference_usd, "billed less computed"],
    ["  explained", r.explained_usd, "a cause reproduces it to within the bill's own rounding, or the bill names it"],
    ["  one side lacks it", r.missing_usd, "usage without a bill or a price, or a bill without usage"],
    ["  unexplained", r.unexplained_usd, "nothing that was tried reproduces it"],
  ];
  const usd = aligned(rows.map(([, v]) => v));
  return (
    <div class="ledger">
      <table class="totals">
        <caption>In dollars, exactly. The last three add up to the difference.</caption>
        <tbody>
          {rows.map(([name, v, why], i) => (
            <tr key={name} class={name === "Difference" ? "sum" : Number(v) !== 0 && i > 3 ? "left" : ""}>
              <th scope="row" class={i > 2 ? "part" : ""}>
                {name.trim()}
                {why && <span class="formula">{why}</span>}
              </th>
              <td>{usd[i]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Causes({ r }: { r: Reconciliation }) {
  if (r.causes.length === 0) return null;
  return (
    <div class="ledger">
      <table class="causes">
        <caption>The difference by its causes</caption>
        <thead>
          <tr>
            <th scope="col">Cause</th>
            <th scope="col" class="wide">
              Lines
            </th>
            <th scope="col" class="wide">
              Computed
            </th>
            <th scope="col" class="wide">
              Billed
            </th>
            <th scope="col">Difference</th>
          </tr>
        </thead>
        <tbody>
          {r.causes.map((c) => (
            <tr key={c.cause + c.standing}>
              <th scope="row">
                {tied(c.text)}
                <span class={`formula ${c.standing === "explained" ? "" : "reason"}`}>{standings[c.standing]}</span>
              </th>
              <td class="wide">{count(c.lines)}</td>
              <td class="wide">{toCents(c.computed_usd)}</td>
              <td class="wide">{toCents(c.billed_usd)}</td>
              <td>{signedCents(c.difference_usd)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const spans = (l: ReconciledLine) => {
  if (!l.from) return "";
  const to = l.to ? new Date(Date.parse(l.to) - 1).toISOString() : l.from; // the end is exclusive
  return day(l.from) === day(to) ? day(l.from) : `${day(l.from)} to ${day(to)}`;
};

const what = (l: ReconciledLine) =>
  [l.model ? `${l.provider}/${l.model}` : l.provider, l.kind && words(l.kind), l.tier && l.tier !== "standard" && l.tier, l.project].filter(Boolean).join(", ");

const few = 12;

function Lines({ r }: { r: Reconciliation }) {
  const [all, setAll] = useState(false);
  const [settled, setSettled] = useState(false);
  const chosen = settled ? r.lines : r.lines.filter((l) => l.standing !== "explained" || Number(l.difference_usd) !== 0);
  const shown = all ? chosen : chosen.slice(0, few);
  if (r.lines.length === 0) return null;
  return (
    <>
      <h3>Line by line, the largest difference first</h3>
      <p>
        <label class="check">
          <input type="checkbox" checked={settled} onChange={(e) => setSettled(e.currentTarget.checked)} />
          <span>with the lines that agree, {count(r.lines.length)} in all</span>
        </label>
      </p>
      {chosen.length === 0 && <p>No line differs.</p>}
      {chosen.length > 0 && (
        <div class="ledger">
          <table class="lines">
            <thead>
              <tr>
                <th scope="col">Line</th>
                <th scope="col" class="wide">
                  Computed
                </th>
                <th scope="col">Billed</th>
                <th scope="col">Difference</th>
                <th scope="col" class="text wide">
                  Why
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((l, i) => (
                <tr key={i}>
                  <th scope="row">
                    {what(l)}
                    <span class="formula">{spans(l)}</span>
                    <span class={`formula narrow ${l.standing === "explained" ? "" : "reason"}`}>{tied(l.why)}</span>
                  </th>
                  <td class="wide">{toCents(l.computed_usd)}</td>
                  <td>{toCents(l.billed_usd)}</td>
                  <td title={exact(l.difference_usd)}>{signedCents(l.difference_usd)}</td>
                  <td class="text wide">
                    {l.standing !== "explained" && <b class="reason">{standings[l.standing]}: </b>}
                    {tied(l.why)}
                    {l.also && l.also.length > 0 && <span class="muted"> It could also be: {l.also.map(words).join(", ")}.</span>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown.length < chosen.length && (
        <p>
          <button type="button" class="link" onClick={() => setAll(true)}>
            Show all {count(chosen.length)}
          </button>
        </p>
      )}
    </>
  );
}

function Answer({ a }: { a: ReconcileAnswer }) {
  const r = a.result;
  const open = [
    Number(r.unexplained_usd) !== 0 && `${toCents(r.unexplained_usd)} is unexplained`,
    Number(r.missing_usd) !== 0 && `${toCents(r.missing_usd)} is on one side only`,
  ].filter(Boolean);
  return (
    <div class="reconciled" aria-live="polite">
      <p class="lead">
        {r.settled
          ? "Every line is explained."
          : open.length > 0
            ? `Of a difference of ${toCents(r.difference_usd)}, ${open.join(" and ")}.`
            : "Lines are open that cancel each other in the sum."}
      </p>
      <Totals r={r} />
      <Causes r={r} />
      <Lines r={r} />
      {r.apart.length > 0 && (
        <>
          <h3>Not compared</h3>
          <ul class="sentences">
            {r.apart.map((x, i) => (
              <li key={i}>
                {x.provider && `${x.provider}: `}
                {x.why}; {count(x.rows)} rows{x.amount && `, ${exact(x.amount)} ${x.currency ?? ""}`}
                {Number(x.computed_usd) !== 0 && `, ${toCents(x.computed_usd)} computed`}.
              </li>
            ))}
          </ul>
        </>
      )}
      <Unpriced list={a.missing} />
      {a.bills.map((b) => (
        <p key={b.name} class="note">
          {b.name}: read as {words(b.format)} because {b.format_why}. {count(b.billed)} of {count(b.rows)} rows are lines of the bill
          {b.faulty > 0 && `, ${count(b.faulty)} could not be read`}. Rounding: {b.rounding}.
        </p>
      ))}
      <Notes of="the comparison" list={[...new Set([...r.notes, ...a.notes])]} />
    </div>
  );
}

export function UsageBill({ view }: { view: View }) {
  const [bills, setBills] = useState<File[]>([]);
  const work = useSend<ReconcileAnswer>();
  const ask = (list: File[]) =>
    work.send(async (progress, signal) => {
      const form = logForm(reading.value, await logsOf(view), selection(view));
      if (view.log === "kept") form.append("kept", "true");
      for (const f of list) form.append("bills", f, f.name);
      return upload<ReconcileAnswer>("/api/v1/usage/reconcile", form, progress, signal);
    });
  return (
    <Section
      id="bill"
      title="Bill against log"
      gloss="A difference is explained where a cause reproduces the billed amount to the digit, or it is flagged. Nothing is scaled to make it fit."
    >
      <Drop
        id="usage-bills"
        title="Drop bills here, or choose some"
        said={bills.map((f) => `${f.name}, ${short(f.size)} bytes`).join("; ")}
        why="Cost exports: of OpenAI, Anthropic, AWS, Azure, Google, OpenRouter, LiteLLM, or any FOCUS file."
        onFiles={(list) => {
          setBills(list);
          ask(list);
        }}
      />
      <p>
        <button type="button" class="link" onClick={() => ask([])}>
          Hold the log's own reported costs against the computed ones
        </button>{" "}
        <span class="muted">needs no bill.</span>
      </p>
      <Reading work={work} />
      {work.problem && <Trouble problem={work.problem} />}
      {work.answer && <Answer a={work.answer} />}
    </Section>
  );
}
