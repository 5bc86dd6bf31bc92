// What must hold whatever it costs. Each constraint rules options out; none is a multiplier of their cost.

import type { Constraint, ConstraintName, Reason } from "../api/types";
import { dollars, tied } from "../format";
import { quick } from "../state/answers";
import { loadBook, providers } from "../state/book";
import { cataloged, limits, setLimits, setVendor, vendor } from "../state/store";
import { useNear } from "../ui/useNear";
import { Section } from "./Section";

const attestations = [
  ["soc2", "SOC 2"],
  ["hipaa_baa", "HIPAA agreement (BAA)"],
  ["fedramp_high", "FedRAMP High"],
  ["eu_residency", "EU residency"],
] as const;

function Text({ c }: { c: Constraint }) {
  return (
    <div class="explains" id={`limit-${c.id}-text`}>
      <p>{c.effect}</p>
      {c.caveat && <p class="muted">{c.caveat}</p>}
    </div>
  );
}

function Toggle({ c }: { c: Constraint }) {
  const name = c.id as Exclude<ConstraintName, "compliance" | "attested">;
  const on = limits.value?.[name] === true;
  return (
    <li class={on ? "on" : ""}>
      <label class="check">
        <input
          type="checkbox"
          checked={on}
          aria-describedby={`limit-${c.id}-text`}
          onChange={(e) => setLimits({ [name]: e.currentTarget.checked })}
        />
        <span>
          <b>{c.label}</b> <span class="question">{c.question}</span>
        </span>
      </label>
      <Text c={c} />
    </li>
  );
}

function Compliance({ c }: { c: Constraint }) {
  const asked = limits.value?.compliance ?? [];
  const set = (id: string, on: boolean) =>
    setLimits({ compliance: attestations.map(([a]) => a).filter((a) => (a === id ? on : asked.includes(a))) });
  return (
    <li class={asked.length > 0 ? "on" : ""}>
      <fieldset aria-describedby={`limit-${c.id}-text`}>
        <legend>
          <b>{c.label}</b> <span class="question">{c.question}</span>
        </legend>
        <div class="choices">
          {attestations.map(([id, label]) => (
            <label key={id} class="check">
              <input type="checkbox" checked={asked.includes(id)} onChange={(e) => set(id, e.currentTarget.checked)} />
              <span>{label}</span>
            </label>
          ))}
        </div>
        {asked.length > 0 && <Whose />}
      </fieldset>
      <Text c={c} />
    </li>
  );
}

// Whose asks whose API it is, because attestations are a vendor's.
function Whose() {
  const near = useNear<HTMLDivElement>(() => void loadBook());
  const named = vendor.value ?? "";
  const checked = limits.value?.attested ?? [];
  return (
    <div class="whose" ref={near}>
      <label>
        Whose API is it?{" "}
        <select value={named} onChange={(e) => setVendor(e.currentTarget.value)}>
          <option value="">{quick.value ? `not said: ${quick.value.vendor} is assumed` : "not said"}</option>
          {[...new Set([...providers.value, ...(named ? [named] : [])])].map((p) => (
            <option key={p} value={p}>
              {p}
            </option>
          ))}
        </select>
      </label>
      {named && (
        <label class="check">
          <input
            type="checkbox"
            checked={checked.includes(named)}
            onChange={(e) => setLimits({ attested: e.currentTarget.checked ? [named] : [] })}
          />
          <span>I have checked its attestations myself, whatever is on record</span>
        </label>
      )}
    </div>
  );
}

function RuledOut({ side, reasons }: { side: string; reasons: Reason[] }) {
  if (reasons.length === 0) return null;
  return (
    <li>
      <b>{side} is ruled out:</b> {reasons.map((r) => r.why).join("; ")}.
    </li>
  );
}

function Outcome() {
  const q = quick.value;
  if (!q) return null;
  const r = q.recommendation;
  const out = r.api_ruled_out.length + r.self_host_ruled_out.length;
  return (
    <div class="outcome">
      <h3>{r.headline}</h3>
      <p>{tied(r.sentence)}</p>
      {out > 0 ? (
        <>
          <ul>
            <RuledOut side="The API" reasons={r.api_ruled_out} />
            <RuledOut side="Self-hosting" reasons={r.self_host_ruled_out} />
          </ul>
          <p class="price">
            Price of the constraints: <b class="figure">{dollars(r.price_of_constraints_usd_per_month)}</b> a month
          </p>
        </>
      ) : (
        <p class="muted">Nothing is ruled out: cost alone decides.</p>
      )}
    </div>
  );
}

export function Constraints() {
  return (
    <Section
      id="constraints"
      title="Seven constraints"
      gloss="Cost is one question. What may not happen comes first: a constraint filters the options, then cost decides among what is left, and the page shows what the constraint costs."
    >
      <div class="constraints-grid">
        <ul class="constraints">
          {cataloged().constraints.map((c) => (c.id === "compliance" ? <Compliance key={c.id} c={c} /> : <Toggle key={c.id} c={c} />))}
        </ul>
        <Outcome />
      </div>
    </Section>
  );
}
