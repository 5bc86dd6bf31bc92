// Every price list of a model, with the evidence of each rate.

import type { Band, PriceDetail, Sheet } from "../api/types";
import { count, day, tied } from "../format";
import { kindName, kindRank, rate } from "../rates";
import { Source } from "./Badge";

function Bands({ bands }: { bands: Band[] }) {
  return (
    <>
      {bands.map((b) => (
        <div key={b.at_least_input_tokens}>
          {b.at_least_input_tokens > 0 && <p>Prompts of {count(b.at_least_input_tokens)} tokens and more, for every token of the call:</p>}
          <ul class="terms">
            {b.rates
              .toSorted((x, y) => kindRank(x.kind) - kindRank(y.kind))
              .map((r) => (
                <li key={r.kind}>
                  <span>
                    <b class="figure">{rate(r.usd_per_million, r.kind)}</b> {kindName(r.kind)} — <Source of={r.provenance} />
                  </span>
                </li>
              ))}
          </ul>
        </div>
      ))}
    </>
  );
}

const span = ({ from, to }: Sheet["effective"]) =>
  [from && `from ${day(from)}`, to && `until ${day(to)}`].filter(Boolean).join(" ") || "beginning not known";

function List({ s }: { s: Sheet }) {
  const taken = s.recorded?.to;
  return (
    <div class="sheet">
      <p>
        <b>
          {s.tier}
          {s.route ? `, ${s.route}` : ""}
        </b>
        , {span(s.effective)}
        {taken && <span class="reason">, taken back on {day(taken)}</span>}
        {s.note && <> — {tied(s.note)}</>}
      </p>
      <Bands bands={s.bands} />
      {s.windows?.map((w) => (
        <div key={w.window}>
          <p>In {w.window}:</p>
          <Bands bands={w.bands} />
        </div>
      ))}
    </div>
  );
}

export function Sheets({ of: d, all }: { of: PriceDetail; all?: boolean }) {
  const now = d.sheets.filter((s) => s.in_force);
  const others = d.sheets.filter((s) => !s.in_force);
  return (
    <>
      {now.length === 0 && <p>No price list of it is in force now.</p>}
      {now.map((s, i) => (
        <List key={i} s={s} />
      ))}
      {d.agree && d.agree.length > 0 && <p>The same rates when the book was made: {d.agree.join(", ")}.</p>}
      {d.differ && d.differ.length > 0 && <p>Other rates when the book was made: {d.differ.join(", ")}.</p>}
      {all && others.length > 0 && (
        <details>
          <summary>
            {others.length === 1 ? "1 list that is not in force" : `${others.length} lists that are not in force`}: earlier, later, or
            cancelled
          </summary>
          {others.map((s, i) => (
            <List key={i} s={s} />
          ))}
        </details>
      )}
    </>
  );
}
