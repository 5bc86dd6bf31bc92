// What the sources say of one rate: who agrees, who differs, and what follows.

import type { Resolution, Statement } from "../api/types";
import { day } from "../format";
import { address, rate } from "../rates";

// speaker is who says it. A rule of ours is no source: what it says is its own text.
export const speaker = (s: Statement) => (s.source.id === "rule" ? "a rule" : s.source.title);

function Voice({ s, dated }: { s: Statement; dated: boolean }) {
  const at = address(s.url) ?? s.source.url;
  return (
    <>
      {at ? (
        <a href={at} target="_blank" rel="noreferrer">
          {s.source.title}
        </a>
      ) : (
        speaker(s)
      )}
      {s.source.id === "rule" && `: ${s.source.title}`}
      {s.provenance !== "published" && <span class="muted"> ({s.provenance})</span>}
      {dated && s.seen && <span class="muted">, read {day(s.seen)}</span>}
    </>
  );
}

function Camp({ says, of, kind }: { says: string; of: Statement[]; kind: string }) {
  const days = new Set(of.map((s) => s.seen && day(s.seen)));
  const [read] = days;
  const once = of.length > 1 && days.size === 1 && read;
  return (
    <li>
      <b class="figure">{rate(says, kind)}</b>
      <span>
        {of.map((s, i) => (
          <span key={s.source.id}>
            {i > 0 && "; "}
            <Voice s={s} dated={!once} />
          </span>
        ))}
        {once && <span class="muted">; all read {read}</span>}
      </span>
    </li>
  );
}

const outcomes: Record<Resolution["outcome"], string> = {
  vendor: "The vendor's own page decides",
  majority: "A majority decides",
  single: "One source alone",
  derived: "A rule alone",
  review: "Undecided, and not used until a person has looked",
  unknown: "Nobody states it",
};

// camps gathers statements by what they say, in their order.
function camps(list: Statement[]): [string, Statement[]][] {
  const by = new Map<string, Statement[]>();
  for (const s of list) by.set(s.usd_per_million, [...(by.get(s.usd_per_million) ?? []), s]);
  return [...by];
}

export function WhoSays({ d, kind }: { d: Resolution; kind: string }) {
  return (
    <div class="who-says">
      <p>
        {outcomes[d.outcome]}: {d.why}.{d.outlier && " A value is ten times apart or more: it is not used, and waits for a person."}
      </p>
      {d.agree.length > 0 && (
        <ul>
          {camps(d.agree).map(([says, of]) => (
            <Camp key={says} says={says} of={of} kind={kind} />
          ))}
        </ul>
      )}
      {d.differ.length > 0 && (
        <>
          {d.agree.length > 0 && <p class="differs">They differ:</p>}
          <ul>
            {camps(d.differ).map(([says, of]) => (
              <Camp key={says} says={says} of={of} kind={kind} />
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
