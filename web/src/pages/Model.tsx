// One model: what it costs, what it has cost by whose word, and who agrees today.

import { useMemo } from "preact/hooks";
import type { PriceDetail, PriceHistory, RateHistory, VerifyAnswer } from "../api/types";
import { Steps } from "../chart/Steps";
import { first, largest, share, story, type Happening } from "../chart/story";
import { capital, day } from "../format";
import { address, aside, classMeans, className, kindName, kindRank, rate, told, vendorName } from "../rates";
import { useData } from "../state/data";
import { query, setQuery } from "../state/route";
import { Source } from "../ui/Badge";
import { Opener } from "../ui/Evidence";
import { Readings } from "../ui/Readings";
import { Sheets } from "../ui/Sheets";
import { Trouble } from "../ui/Trouble";
import { WhoSays } from "../ui/WhoSays";
import { Head, Waiting } from "./Head";

const at = (t: number) => day(new Date(t).toISOString());

function Evidence({ of: evidence }: { of: string }) {
  const to = address(evidence);
  if (!to) return <>{evidence}</>;
  return (
    <a href={to} target="_blank" rel="noreferrer">
      the {told(to)}
    </a>
  );
}

// Detail is what happened at a step, with its evidence.
function Detail({ h }: { h: Happening }) {
  const lag = h.since ? Math.round((h.at - Date.parse(h.since.at)) / 86_400_000) : 0;
  return (
    <>
      <p>
        <b>{h.who}</b>, {at(h.at)}
      </p>
      <p class="headline-small">
        {h.from && h.to ? (
          <>
            {rate(h.from, h.kind)} → {rate(h.to, h.kind)} <span class="muted">{share(h)}</span>
          </>
        ) : (
          rate(h.to ?? h.from ?? "", h.kind)
        )}
      </p>
      <p>
        {kindName(h.kind)}: {h.class ? `${className[h.class]}, ${h.why}. That means: ${classMeans[h.class]}.` : `${h.what}.`}
      </p>
      {h.since && (
        <p>
          The vendor has charged it since {day(h.since.at)}
          {lag > 2 && `, ${lag.toLocaleString("en-US")} days before the table said so`}: <Source of={h.since.provenance} />
        </p>
      )}
      {h.provenance && (
        <p>
          <Source of={h.provenance} />
        </p>
      )}
      {h.evidence && (
        <p>
          See <Evidence of={h.evidence} />.
        </p>
      )}
    </>
  );
}

const band = (r: RateHistory) => r.window ?? (r.above ? `${r.inclusive ? "from" : "above"} ${r.above}` : "");
const list = (r: RateHistory) => [r.tier, r.route ?? ""].join(" ").trim();

interface Choice {
  list: string;
  band: string;
  kind: string;
}

// unique lists what a function makes of the rates, each once, in their order.
const unique = (rates: RateHistory[], of: (r: RateHistory) => string) => [...new Set(rates.map(of))];

function Pick(props: { label: string; value: string; options: [string, string][]; onPick: (v: string) => void }) {
  return (
    <label>
      {props.label}
      <select value={props.value} onChange={(e) => props.onPick(e.currentTarget.value)}>
        {props.options.map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Controls({ h, c }: { h: PriceHistory; c: Choice }) {
  const inList = h.rates.filter((r) => list(r) === c.list);
  const kinds = unique(
    inList.filter((r) => band(r) === c.band),
    (r) => r.kind,
  ).toSorted((a, b) => kindRank(a) - kindRank(b));
  const lists = unique(h.rates, list).toSorted((a, b) => Number(b === "standard") - Number(a === "standard"));
  const bands = unique(inList, band);
  return (
    <form class="filters" aria-label="What the charts show" onSubmit={(e) => e.preventDefault()}>
      <Pick
        label="Price list"
        value={c.list}
        options={lists.map((l) => [l, l.replace(" ", ", ")])}
        onPick={(v) => setQuery({ list: v === "standard" ? "" : v, band: "", rate: "" }, true)}
      />
      {bands.length > 1 && (
        <Pick
          label="Prompts and hours"
          value={c.band}
          options={bands.map((b) => {
            const r = inList.find((x) => band(x) === b)!;
            return [b, aside({ ...r, tier: "standard", route: "" }) || "short prompts, any hour"];
          })}
          onPick={(v) => setQuery({ band: v, rate: "" }, true)}
        />
      )}
      <Pick
        label="Rate"
        value={c.kind}
        options={[["", "input and output"], ...kinds.map((k): [string, string] => [k, kindName(k)])]}
        onPick={(v) => setQuery({ rate: v }, true)}
      />
      <label>
        As known on
        <input
          type="date"
          value={query.value.get("known") ?? ""}
          min="2023-01-01"
          max={h.stamp.as_of.slice(0, 10)}
          onChange={(e) => setQuery({ known: e.currentTarget.value }, true)}
        />
      </label>
      {query.value.has("known") && (
        <button type="button" class="link" onClick={() => setQuery({ known: "" }, true)}>
          As known today
        </button>
      )}
    </form>
  );
}

// chosenRates are the rates on show: one that is asked for, else input and output, else the first two that there are.
function chosenRates(h: PriceHistory, c: Choice): RateHistory[] {
  const here = h.rates.filter((r) => list(r) === c.list && band(r) === c.band);
  if (c.kind) return here.filter((r) => r.kind === c.kind);
  const sorted = here.toSorted((a, b) => kindRank(a.kind) - kindRank(b.kind));
  const usual = sorted.filter((r) => r.kind === "input" || r.kind === "output");
  return usual.length > 0 ? usual : sorted.slice(0, 2);
}

function Happenings({ all }: { all: Happening[] }) {
  return (
    <div class="scroll tall" tabIndex={0} role="region" aria-label="Every step, the newest first">
      <table class="data happenings">
        <caption>Every step of the charts, the newest first</caption>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col" class="text">
              Who
            </th>
            <th scope="col" class="text">
              Rate
            </th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col" class="text">
              What it was
            </th>
            <th scope="col" class="text">
              Evidence
            </th>
          </tr>
        </thead>
        <tbody>
          {all.map((h, i) => (
            <tr key={i}>
              <th scope="row">{at(h.at)}</th>
              <td class="text">{h.who}</td>
              <td class="text">{kindName(h.kind)}</td>
              <td>{h.from ? rate(h.from, h.kind) : ""}</td>
              <td>{h.to ? rate(h.to, h.kind) : ""}</td>
              <td class="text">{h.class ? `${className[h.class]}, ${h.why}` : h.what}</td>
              <td class="text">
                {h.evidence && address(h.evidence) ? (
                  <Evidence of={h.evidence} />
                ) : h.provenance ? (
                  <Opener class={h.provenance.kind} label={`why ${h.who} ${at(h.at)}?`} content={() => <Detail h={h} />}>
                    {h.provenance.kind}
                  </Opener>
                ) : (
                  ""
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// Summary says in a sentence what the price is and what it did.
function Summary({ h, happenings }: { h: PriceHistory; happenings: Happening[] }) {
  const now = h.rates.filter((r) => r.tier === "standard" && !r.route && !r.above && !r.window);
  const held = (kind: string) => now.find((r) => r.kind === kind)?.book.find((b) => b.in_force && !b.recorded?.to)?.usd_per_million;
  const input = held("input");
  const output = held("output");
  const big = largest(happenings);
  const edits = happenings.filter((x) => x.class).length;
  return (
    <p class="lead">
      {input && output
        ? `${rate(input)} in and ${rate(output)} out per million tokens today. `
        : input || output
          ? `${rate(input ?? output ?? "")} per million tokens today. `
          : "No standard token price is in force today. "}
      {big && big.line === "book" && (
        <>
          The vendor's largest change: {kindName(big.kind)} from {rate(big.from!, big.kind)} to {rate(big.to!, big.kind)} on {at(big.at)},{" "}
          {share(big)}.{" "}
        </>
      )}
      {big && big.line !== "book" && (
        <>
          No dated change by the vendor is on record. The largest edit that reads like one: {big.who}, {kindName(big.kind)} from{" "}
          {rate(big.from!, big.kind)} to {rate(big.to!, big.kind)} on {at(big.at)}.{" "}
        </>
      )}
      {!big && edits > 0 && "The tables were edited, and the price did not change. "}
      {!big && edits === 0 && h.since && `Nothing that we know of has changed it since ${day(h.since)}. `}
    </p>
  );
}

function Agreement({ rates }: { rates: RateHistory[] }) {
  return (
    <div class="pair">
      {rates.map((r) => {
        const held = r.book.find((b) => b.in_force && !b.recorded?.to);
        return (
          <div key={r.kind}>
            <h3>
              {capital(kindName(r.kind))}
              {held ? `: the book holds ${rate(held.usd_per_million, r.kind)}` : ": the book holds no price"}
            </h3>
            <WhoSays d={r.decision} kind={r.kind} />
          </div>
        );
      })}
    </div>
  );
}

export function Model({ provider, model }: { provider: string; model: string }) {
  const q = query.value;
  const known = /^\d{4}-\d{2}-\d{2}$/.test(q.get("known") ?? "") ? q.get("known")! : "";
  const name = `${encodeURIComponent(provider)}/${encodeURIComponent(model)}`;
  const { data: h, problem, retry } = useData<PriceHistory>(`/api/v1/prices/history/${name}${known && `?known_as_of=${known}T23:59:59Z`}`);
  const detail = useData<PriceDetail>(`/api/v1/prices/${name}`).data;
  const verify = useData<VerifyAnswer>("/api/v1/prices/verify").data;
  const c: Choice = { list: q.get("list") ?? "standard", band: q.get("band") ?? "", kind: q.get("rate") ?? "" };
  const now = h ? Date.parse(h.known_as_of ?? h.stamp.as_of) : 0;
  const rates = h ? chosenRates(h, c) : [];
  const stories = useMemo(() => {
    if (!h) return [];
    const start = first(rates);
    return rates.map((r) => story(r, h.changes, Number.isFinite(start) ? Math.min(start, now) : now, now));
  }, [h, c.list, c.band, c.kind]);
  const title = h?.name ?? detail?.name ?? h?.model ?? model;
  const happenings = useMemo(() => stories.flatMap((s) => s.happenings).toSorted((a, b) => b.at - a.at), [stories]);
  return (
    <>
      <Head
        title={title}
        kicker={
          <>
            <a href="/prices">Prices</a> / <a href={`/prices?provider=${provider}`}>{vendorName(h?.provider ?? provider)}</a>
          </>
        }
      >
        {h && <Summary h={h} happenings={happenings} />}
        {h && (
          <p class="muted">
            {h.provider}/{h.model}
            {detail?.weights && `, serves ${detail.weights}`}
            {h.since && `; on record since ${day(h.since)}`}
          </p>
        )}
        {verify && <Readings v={verify} />}
      </Head>
      {problem && <Trouble problem={problem} retry={retry} />}
      {!h && !problem && <Waiting>Reading its history…</Waiting>}
      {h && (
        <>
          <section class="plain" aria-labelledby="history-title">
            <h2 id="history-title">What it has cost</h2>
            <p class="gloss">
              A thin line is what one table said, by the day on which it was seen to say so. The thick line is what the vendor charged, by
              the day it took effect; where nobody knows that day, it begins with the first reading. A mark opens what happened there and
              its source. An edit of a table is not a price change. To see what was known on an earlier day, pick one.
            </p>
            <Controls h={h} c={c} />
            {known && (
              <p class="notice" role="status">
                As it was known at the end of {day(known)}: what was learned later is left out, also what is now known to have held then.
              </p>
            )}
            {stories.length > 0 ? (
              <div class="pair">
                {stories.map((s) => (
                  <Steps key={s.kind} story={s} detail={(x) => <Detail h={x} />} />
                ))}
              </div>
            ) : (
              <p>There is no rate of this kind {known ? "on record by then" : "on record"}.</p>
            )}
            {happenings.length > 0 && <Happenings all={happenings} />}
            <p>
              <a href={`/changes?provider=${h.provider}&q=${encodeURIComponent(h.model)}`}>All changes of its rates on record</a>
            </p>
          </section>
          <section class="plain" aria-labelledby="agree-title">
            <h2 id="agree-title">Who agrees{known ? `, as of ${day(known)}` : " now"}</h2>
            <Agreement rates={rates} />
          </section>
          <section class="plain" aria-labelledby="sheets-title">
            <h2 id="sheets-title">Its price lists</h2>
            {detail ? <Sheets of={detail} all /> : <Waiting>Looking them up…</Waiting>}
          </section>
        </>
      )}
    </>
  );
}
