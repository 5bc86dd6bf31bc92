// How far independent sources confirm a price: a word that opens who agrees and who differs.

import type { BoardRow, PriceRow, Standing as Word, VerifyAnswer } from "../api/types";
import { capital } from "../format";
import { kindName, kindRank, rate, standingMeans, standingName } from "../rates";
import { modelPath } from "../state/route";
import { useData } from "../state/data";
import { Opener } from "./Evidence";
import { Trouble } from "./Trouble";
import { WhoSays } from "./WhoSays";

function Confirmation({ r }: { r: PriceRow }) {
  const { data, problem, retry } = useData<VerifyAnswer>(
    `/api/v1/prices/verify/${encodeURIComponent(r.provider)}/${encodeURIComponent(r.model)}`,
  );
  if (problem) return <Trouble problem={problem} retry={retry} />;
  if (!data) return <p class="muted">Looking it up…</p>;
  const inList = (b: BoardRow) => (b.route ?? "") === (r.route ?? "") && b.tier === r.tier && !b.above && !b.window;
  const rows = (data.rates ?? []).filter(inList).filter((b) => ["input", "output"].includes(b.kind));
  return (
    <>
      {rows
        .toSorted((a, b) => kindRank(a.kind) - kindRank(b.kind))
        .map((b) => (
          <div key={b.kind}>
            <h3>
              {capital(kindName(b.kind))}: {rate(b.book_usd_per_million, b.kind)}
            </h3>
            <WhoSays d={b.decision} kind={b.kind} />
          </div>
        ))}
      <p>
        <a href={modelPath(r.provider, r.model)}>All its rates and their history</a>
      </p>
    </>
  );
}

export function Standing({ r }: { r: PriceRow }) {
  return (
    <Opener
      class={`standing standing-${r.standing}`}
      label={`who confirms the prices of ${r.name ?? r.model}?`}
      content={() => (
        <>
          <p>
            <StandingWord of={r.standing} />. {standingMeans[r.standing]}
          </p>
          <Confirmation r={r} />
        </>
      )}
    >
      {standingName[r.standing]}
    </Opener>
  );
}

function StandingWord({ of }: { of: Word }) {
  return <b>{capital(standingName[of])}</b>;
}
