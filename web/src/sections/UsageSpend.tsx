// What the log's calls cost over time, and who spends.

import { useState } from "preact/hooks";
import type { PriceEffect, ProfileAnswer, Spend, UsageAnswer } from "../api/types";
import { SpendTime } from "../chart/SpendTime";
import { capital, count, percent, short, toCents } from "../format";
import { dimensions, periods, suits, type Asked, type Dimension, type Period, type View } from "../state/usage";
import { Trouble } from "../ui/Trouble";
import { Section } from "./Section";
import { Unpriced } from "./Unpriced";
import { Notes, Reading } from "./UsageReading";

function Choice<T extends string>(props: { legend: string; name: string; of: readonly T[]; value: T; onPick: (v: T) => void }) {
  return (
    <fieldset class="choice">
      <legend>{props.legend}</legend>
      {props.of.map((id) => (
        <label key={id} class="check">
          <input type="radio" name={props.name} checked={props.value === id} onChange={() => props.onPick(id)} />
          <span>{id}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Changes({ list }: { list: PriceEffect[] }) {
  if (list.length === 0) return null;
  return (
    <>
      <h3>What price changes did to this log</h3>
      <ol class="effects">
        {list.map((c) => (
          <li key={c.at + c.provider + c.model + c.tier + (c.route ?? "")}>
            {c.text} <span class="muted">{count(c.rows)} rows since.</span>
          </li>
        ))}
      </ol>
    </>
  );
}

const few = 8;

function Shares({ spend: s }: { spend: Spend }) {
  const [all, setAll] = useState(false);
  const shown = all || s.rows.length <= few + 1 ? s.rows : s.rows.slice(0, few);
  return (
    <div class="ledger shares">
      <table>
        <caption>
          <b>By {s.by}</b>, the dearest first
        </caption>
        <thead>
          <tr>
            <th scope="col">{capital(s.by)}</th>
            <th scope="col">Share</th>
            <th scope="col">Cost</th>
            <th scope="col" class="wide">
              Rows
            </th>
            <th scope="col" class="wide">
              Tokens in
            </th>
            <th scope="col" class="wide">
              Tokens out
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((r) => (
            <tr key={r.others ? "\0others" : r.name}>
              <th scope="row">
                {r.others ? (
                  <span class="muted">{count(r.others)} more or others together</span>
                ) : (
                  r.name || <span class="muted">no {s.by} named</span>
                )}
                {r.share !== undefined && <span class="share-bar" aria-hidden="true" style={{ width: `${r.share * 100}%` }} />}
              </th>
              <td>{r.share === undefined ? <span class="muted">—</span> : percent(r.share)}</td>
              <td>
                {r.usd === undefined ? (
                  <span class="gap">no price</span>
                ) : (
                  <>
                    {!r.complete && <span class="gap">at least </span>}
                    {toCents(r.usd)}
                  </>
                )}
              </td>
              <td class="wide">{count(r.rows)}</td>
              <td class="wide">{short(r.input_tokens)}</td>
              <td class="wide">{short(r.output_tokens)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < s.rows.length && (
        <button type="button" class="link" onClick={() => setAll(true)}>
          Show all {count(s.rows.length)}
          <span class="hidden"> by {s.by}</span>
        </button>
      )}
    </div>
  );
}

export function UsageSpend(props: {
  view: View;
  profile: ProfileAnswer;
  report: Asked<UsageAnswer> & { retry: () => void };
  set: (part: { by?: Dimension; per?: Period; cost?: string }) => void;
}) {
  const { view, profile, report, set } = props;
  const a = report.answer;
  // The chart is of the answer, whose groups are those of its question.
  const [per = "", by = ""] = a?.by ?? [];
  return (
    <Section
      id="spend"
      title="Spend over time"
      gloss="Each call at the price in force at its own time. What the log itself reports stays beside it, and neither is scaled to the other."
    >
      <form class="spend-choices" aria-label="How to divide the spend" onSubmit={(e) => e.preventDefault()}>
        <Choice legend="In layers by" name="spend-by" of={dimensions} value={view.by} onPick={(by) => set({ by })} />
        <Choice legend="A bar each" name="spend-per" of={periods} value={view.per || suits(profile)} onPick={(per) => set({ per })} />
        <label class="check">
          <input type="checkbox" checked={view.reported} onChange={(e) => set({ cost: e.currentTarget.checked ? "both" : "" })} />
          <span>with what the log reports</span>
        </label>
      </form>
      {report.problem && <Trouble problem={report.problem} retry={report.retry} />}
      {!a && !report.problem && <Reading work={report} />}
      {a && (
        <div class={report.busy ? "stale" : ""} aria-busy={report.busy}>
          <SpendTime rows={a.rows} changes={a.changes ?? []} per={per} by={by} reported={view.reported} />
          <Changes list={a.changes ?? []} />
          {a.total.reported_usd !== undefined && a.total.usd !== undefined && (
            <p>
              Computed: <b class="figure">{toCents(a.total.usd)}</b>
              {!a.total.complete && " at least"}. The log itself reports: <b class="figure">{toCents(a.total.reported_usd)}</b>.
            </p>
          )}
          <Unpriced list={a.bill.missing} />
          <Notes of="the prices" list={a.bill.notes} />
        </div>
      )}
      {profile.spend.length > 0 && <h3>Who spends</h3>}
      {profile.spend.map((s) => (
        <Shares key={s.by} spend={s} />
      ))}
    </Section>
  );
}
