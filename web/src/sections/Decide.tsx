// The quick formula: team sizes, sliders, verdict, curve, ledger.

import type { Preset } from "../api/types";
import { QuickCurve } from "../chart/QuickCurve";
import { dollars, tied } from "../format";
import { quick, quickProblem } from "../state/answers";
import { cataloged, edited, loadPreset, source } from "../state/store";
import { Slider } from "../ui/Slider";
import { Tabs } from "../ui/Tabs";
import { Trouble } from "../ui/Trouble";
import { QuickLedger } from "./QuickLedger";
import { Section } from "./Section";
import { Verdict } from "./Verdict";

// Claim is what the guide says of a scenario against what its own terms say.
export function Claim({ preset }: { preset: Preset }) {
  const { as_listed: listed, all_terms: all } = preset.answer;
  return (
    <div class={`claim ${preset.contests ? "contested" : ""}`}>
      <p>{preset.story}</p>
      <dl>
        <div>
          <dt>The guide says</dt>
          <dd>{tied(preset.claim)}</dd>
        </div>
        <div>
          <dt>As listed</dt>
          <dd>
            Self-hosting {dollars(listed.self_host.total_usd_per_month)}, API {dollars(listed.api.total_usd_per_month)}. {listed.sentence}
          </dd>
        </div>
        <div>
          <dt>With all terms</dt>
          <dd>
            Self-hosting {dollars(all.self_host.total_usd_per_month)}, API {dollars(all.api.total_usd_per_month)}. {all.sentence}
          </dd>
        </div>
        <div>
          <dt>{preset.contests ? "The claim and its own terms disagree" : "Does it hold"}</dt>
          <dd>{tied(preset.says)}</dd>
        </div>
        {preset.assumed && (
          <div class="muted">
            <dt>Assumed here</dt>
            <dd>{tied(preset.assumed)}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}

function TeamSizes() {
  const from = source.value!;
  const teams = cataloged().presets.filter((p) => p.group === "team");
  // A scenario of the other kind gets a tab of its own while the sliders stand on it.
  const shown = teams.includes(from) ? teams : [...teams, from];
  return (
    <Tabs id="team" label="Scenario that the sliders start from" tabs={shown} selected={from.id} onSelect={loadPreset}>
      <Claim preset={from} />
      {edited.value && (
        <p class="edited">
          The sliders or constraints have moved since.{" "}
          <button type="button" class="link" onClick={() => loadPreset(from.id)}>
            Load {from.name} again
          </button>
        </p>
      )}
    </Tabs>
  );
}

function Inputs() {
  return (
    <form class="inputs" aria-label="Inputs of the quick formula" onSubmit={(e) => e.preventDefault()}>
      <p class="legend muted">
        Over each slider: what the answer would be over its whole range. <span class="key api">Above the line</span> the API is cheaper,{" "}
        <span class="key self">below it</span> self-hosting is.
      </p>
      {cataloged().inputs.map((input) => (
        <Slider key={input.id} input={input} />
      ))}
    </form>
  );
}

function Flips() {
  const q = quick.value!;
  const { never, no_utilization: none } = q.break_even;
  return (
    <div class="flips">
      <h3>One change alone makes both sides level</h3>
      {q.flips.length > 0 ? (
        <ul>
          {q.flips.map((f) => (
            <li key={f.input}>{tied(f.sentence)}</li>
          ))}
        </ul>
      ) : (
        <p>{q.all_terms.winner === "even" ? "They are level as they stand." : "No change of a single input does."}</p>
      )}
      {[never, none].map((why) => why && <p key={why}>{tied(why)}</p>)}
    </div>
  );
}

export function Decide() {
  const q = quick.value;
  const problem = quickProblem.value;
  return (
    <Section
      id="decide"
      title="The quick formula"
      gloss={
        <>
          Self-hosting is GPU rental × design ÷ actual utilization, plus operations, plus tooling and migration. Rent is paid by the hour:
          utilization divides the work that it buys.
        </>
      }
    >
      <TeamSizes />
      <div class="formula-grid">
        <div class="at-verdict">
          {problem && <Trouble problem={problem} />}
          <Verdict />
        </div>
        <Inputs />
        <div class="at-chart">{q && <QuickCurve answer={q} />}</div>
        <div class="at-ledger">
          {q && <QuickLedger answer={q} />}
          {q && <Flips />}
        </div>
      </div>
    </Section>
  );
}
