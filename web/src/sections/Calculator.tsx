// The full calculator: a model of the price book and an average call, priced exactly.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { get, Latest, type Problem } from "../api/client";
import type { CalcAnswer, CalcLine } from "../api/types";
import { aligned, count, toCents, words } from "../format";
import { bookProblem, loadBook, pricedChoices } from "../state/book";
import { calcView, setCalc } from "../state/store";
import type { CalcView } from "../state/view";
import { Badge, Source } from "../ui/Badge";
import { Combobox } from "../ui/Combobox";
import { Field } from "../ui/Field";
import { Trouble } from "../ui/Trouble";
import { useNear } from "../ui/useNear";
import { Section } from "./Section";

const calc = signal<CalcAnswer | null>(null);
const calcProblem = signal<Problem | null>(null);

const asking = new Latest<string, CalcAnswer>(
  (q, signal) => get<CalcAnswer>("/api/v1/calc?" + q, signal),
  (answer) => {
    calc.value = answer;
    calcProblem.value = null;
  },
  (problem) => {
    calcProblem.value = problem;
  },
);

function ask(c: CalcView): void {
  asking.put(
    new URLSearchParams({
      model: c.model,
      input: String(Math.round(c.input)),
      output: String(Math.round(c.output)),
      calls_per_day: String(c.calls),
      cached_share: String(c.cached),
      batch_share: String(c.batch),
    }).toString(),
  );
}

function Row({ l, i, rate, usd }: { l: CalcLine; i: number; rate: string; usd: string }) {
  const [open, setOpen] = useState(false);
  const id = `calc-why-${i}`;
  const name = words(l.kind) + (l.tier === "standard" ? "" : `, ${l.tier}`);
  return (
    <>
      <tr>
        <th scope="row">
          {name}
          {l.billed_as !== l.kind && <span class="formula">billed as {words(l.billed_as)}</span>}
        </th>
        <td>{count(l.per_year)}</td>
        <td>{rate}</td>
        <td>{usd}</td>
        <td class="why">
          <Badge kind={l.provenance.kind} about={`the ${name} price`} open={open} controls={id} onClick={() => setOpen(!open)} />
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

function Result() {
  const a = calc.value;
  const problem = calcProblem.value;
  if (problem) return <Trouble problem={problem} retry={() => ask(calcView.value!)} />;
  if (!a)
    return (
      <p class="muted" aria-busy="true">
        Pricing…
      </p>
    );
  const usd = aligned([...a.lines.map((l) => l.per_year_usd), a.per_year_usd]);
  const rates = aligned(a.lines.map((l) => l.usd_per_million));
  return (
    <div class="result">
      <dl class="spans">
        {(
          [
            ["per call", a.per_call_usd],
            ["per day", a.per_day_usd],
            ["per month", a.per_month_usd],
            ["per year", a.per_year_usd],
          ] as const
        ).map(([span, usd]) => (
          <div key={span}>
            <dt>{span}</dt>
            <dd data-span={span}>
              {!a.complete && <span class="muted">at least </span>}
              {toCents(usd)}
            </dd>
          </div>
        ))}
      </dl>
      {!a.complete && (
        <p class="missing">
          <b>No price on record for {a.missing.join(", ")}.</b> It is not in the figures, and it is not zero.
        </p>
      )}
      {a.matched_loosely && <p class="muted">Priced as {a.name}: a date or version was left out to find it.</p>}
      {a.notes.map((n) => (
        <p key={n} class="muted">
          {n}
        </p>
      ))}
      <div class="ledger">
        <table>
          <caption>A year of calls to {a.name}, exactly</caption>
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col">Per year</th>
              <th scope="col">$ per million</th>
              <th scope="col">$ per year</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {a.lines.map((l, i) => (
              <Row key={`${l.kind}-${l.tier}`} l={l} i={i} rate={rates[i]!} usd={usd[i]!} />
            ))}
            <tr class="sum">
              <th scope="row">A year</th>
              <td />
              <td />
              <td>{usd.at(-1)}</td>
              <td />
            </tr>
          </tbody>
        </table>
      </div>
    </div>
  );
}

export function Calculator() {
  const c = calcView.value!;
  const near = useNear<HTMLDivElement>(() => void loadBook());
  useEffect(() => ask(c), [c]);
  const fault = (field: string) => calcProblem.value?.faults.find((f) => f.where === field)?.what;
  return (
    <Section
      id="calculator"
      title="The full calculator"
      gloss="Any model of the price book at the price in force today, in exact decimal arithmetic."
    >
      <div class="calculator" ref={near}>
        <form aria-label="An average call" onSubmit={(e) => e.preventDefault()}>
          {bookProblem.value && <Trouble problem={bookProblem.value} retry={() => void loadBook()} />}
          <Combobox
            label="Model"
            choices={pricedChoices.value}
            value={c.model}
            placeholder="Search the price book"
            onChoose={(model) => setCalc({ model })}
          />
          <Field label="Input tokens a call" unit="count" value={c.input} fault={fault("input")} onValue={(input) => setCalc({ input })} />
          <Field
            label="Output tokens a call"
            unit="count"
            value={c.output}
            fault={fault("output")}
            onValue={(output) => setCalc({ output })}
          />
          <Field label="Calls a day" unit="count" value={c.calls} fault={fault("calls_per_day")} onValue={(calls) => setCalc({ calls })} />
          <Field
            label="Input served by the cache"
            unit="share"
            suffix="%"
            value={c.cached}
            fault={fault("cached_share")}
            onValue={(cached) => setCalc({ cached })}
          />
          <Field
            label="Calls sent as a batch"
            unit="share"
            suffix="%"
            value={c.batch}
            fault={fault("batch_share")}
            onValue={(batch) => setCalc({ batch })}
          />
        </form>
        <Result />
      </div>
    </Section>
  );
}
