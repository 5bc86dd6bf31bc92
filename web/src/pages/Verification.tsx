// The verification board: which vendors' prices are confirmed, by what reading of which source, and what waits for a person.

import { useId, useState } from "preact/hooks";
import { asProblem, get, type Problem } from "../api/client";
import type { AuditAnswer, PriceSource, ReviewAnswer, ReviewItem, Verification as Vendor, VerifyAnswer } from "../api/types";
import { capital, count, day } from "../format";
import { aside, kindName, rate, vendorName } from "../rates";
import { useData } from "../state/data";
import { modelPath, query, setQuery } from "../state/route";
import { Opener } from "../ui/Evidence";
import { Readings } from "../ui/Readings";
import { Trouble } from "../ui/Trouble";
import { WhoSays, speaker } from "../ui/WhoSays";
import { Head, Waiting } from "./Head";

function Share({ v }: { v: Vendor }) {
  const all = v.rates + v.unstated;
  const part = (n: number) => `${(100 * n) / Math.max(1, all)}%`;
  return (
    <div class="share" aria-hidden="true">
      <span class="agree" style={{ width: part(v.verified) }} />
      <span class="one" style={{ width: part(v.rates - v.verified) }} />
    </div>
  );
}

// number is a count that leads to its rates, and nothing where there are none.
function Number({ n, to, says }: { n: number; to?: string; says: string }) {
  if (n === 0) return <span class="muted">0</span>;
  return to ? (
    <a href={to}>
      {count(n)}
      <span class="hidden"> {says}</span>
    </a>
  ) : (
    <>{count(n)}</>
  );
}

function Vendors({ list, caption, machines }: { list: Vendor[]; caption: string; machines?: boolean }) {
  const link = (v: Vendor, standing: string) =>
    machines ? undefined : `/prices?provider=${v.provider}&standing=${standing}&tier=all&routes=1`;
  return (
    <div class="ledger" tabIndex={0} role="region" aria-label={caption}>
      <table class="board">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Vendor</th>
            <th scope="col" class="text">
              Verified
            </th>
            <th scope="col">Rates stated</th>
            <th scope="col">Two or more agree</th>
            <th scope="col" class="wide">
              One source
            </th>
            <th scope="col" class="wide">
              Some differ
            </th>
            <th scope="col" class="wide">
              Book differs
            </th>
            <th scope="col">To review</th>
            <th scope="col" class="wide">
              Not stated
            </th>
            <th scope="col">Last verified</th>
          </tr>
        </thead>
        <tbody>
          {list.map((v) => (
            <tr key={v.provider} data-vendor={v.provider}>
              <th scope="row">
                {machines ? v.provider : <a href={`/prices?provider=${v.provider}`}>{vendorName(v.provider)}</a>}
                <Share v={v} />
              </th>
              <td class={v.vendor_verified ? "text yes" : "text no"}>
                {v.vendor_verified ? "yes" : v.fresh || !v.last_verified ? "no" : "no, too old"}
              </td>
              <td>{count(v.rates)}</td>
              <td>{v.verified === 0 ? <span class="muted">0</span> : count(v.verified)}</td>
              <td class="wide">
                <Number n={v.single} to={link(v, "single")} says="rates that one source states" />
              </td>
              <td class="wide">
                <Number n={v.disputed} says="" />
              </td>
              <td class="wide">
                <Number n={v.differs} says="" />
              </td>
              <td>
                <Number n={v.review} to={machines ? undefined : `/verification?review=${v.provider}#review`} says="rates to review" />
              </td>
              <td class="wide">
                <Number n={v.unstated} says="" />
              </td>
              <td>{v.last_verified ? day(v.last_verified) : <span class="muted">never</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const outcomes: Record<PriceSource["outcome"], string> = {
  embedded: "came with the program",
  ok: "read, and says something new",
  unchanged: "read, and says the same",
  failed: "failed",
  running: "being read now",
};

function Sources({ list }: { list: PriceSource[] }) {
  return (
    <div class="ledger" tabIndex={0} role="region" aria-label="The sources">
      <table class="board">
        <caption>The sources, and how their reading goes</caption>
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">Rates</th>
            <th scope="col">On record since</th>
            <th scope="col">Last good reading</th>
            <th scope="col" class="text">
              Last attempt
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((s) => (
            <tr key={s.id} class={s.outcome === "failed" ? "failed" : ""}>
              <th scope="row">
                {s.url ? (
                  <a href={s.url} target="_blank" rel="noreferrer">
                    {s.title}
                  </a>
                ) : (
                  s.title
                )}
                {s.voice !== s.id && <span class="formula">copies {s.voice}: both count as one voice</span>}
                {s.vendor && <span class="formula">the vendor's own word, read by a person</span>}
              </th>
              <td>{count(s.rates)}</td>
              <td>{s.first ? day(s.first) : ""}</td>
              <td>{s.checked ? day(s.checked) : <span class="muted">never</span>}</td>
              <td class="text">
                {outcomes[s.outcome]}
                {s.outcome === "failed" && (
                  <span class="formula reason">
                    {s.failed && `${day(s.failed)}: `}
                    {s.error}. {s.checked ? `What it said on ${day(s.checked)} still counts.` : "It has never been read."}
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const reasons: Record<ReviewItem["reason"], { name: string; means: string }> = {
  tie: { name: "a tie", means: "as many independent sources say one thing as another; no rate is taken from them" },
  outlier: { name: "an outlier", means: "a source is ten times apart or more; its value is not used" },
  book: { name: "not the book's", means: "the sources agree on another rate than the price book holds" },
};

const few = 25;

function Item({ i }: { i: ReviewItem }) {
  const note = aside(i);
  return (
    <li class="review-item">
      <p class="name">
        {i.kind === "machine_hour" ? (
          <>
            {i.provider}/{i.model}
          </>
        ) : (
          <a href={modelPath(i.provider, i.model)}>
            {i.provider}/{i.model}
          </a>
        )}
        <span class="formula">
          {kindName(i.kind)}
          {note && `, ${note}`}: the book holds {rate(i.book_usd_per_million, i.kind)}
        </span>
      </p>
      <div class="says">
        {[...i.decision.agree, ...i.decision.differ].map((s) => (
          <span key={s.source.id}>
            <b class="figure">{rate(s.usd_per_million, i.kind)}</b> {speaker(s)}
          </span>
        ))}
      </div>
      <p class="do">
        <Opener
          class={`reason-${i.reason}`}
          label={`${i.provider}/${i.model} ${kindName(i.kind)}`}
          content={() => (
            <>
              <p>
                <b>{capital(reasons[i.reason].name)}</b>: {reasons[i.reason].means}.
              </p>
              <WhoSays d={i.decision} kind={i.kind} />
            </>
          )}
        >
          {reasons[i.reason].name}
        </Opener>
        <span class="muted"> {i.do}</span>
      </p>
    </li>
  );
}

function Review({ shown }: { shown: boolean }) {
  const { data, problem, retry } = useData<ReviewAnswer>(shown ? "/api/v1/prices/review" : "");
  const [all, setAll] = useState(false);
  const of = query.value.get("review") ?? "";
  const reason = query.value.get("reason") ?? "";
  if (problem) return <Trouble problem={problem} retry={retry} />;
  if (!data) return <Waiting>Reading the queue…</Waiting>;
  const list = data.queue.filter((i) => (!of || i.provider === of) && (!reason || i.reason === reason));
  const cut = all ? list : list.slice(0, few);
  if (data.queue.length === 0) return <p>Nothing waits for a person.</p>;
  return (
    <>
      <form class="filters" aria-label="Filter the queue" onSubmit={(e) => e.preventDefault()}>
        <label>
          Vendor
          <select value={of} onChange={(e) => setQuery({ review: e.currentTarget.value })}>
            <option value="">every vendor</option>
            {[...new Set(data.queue.map((i) => i.provider))].map((p) => (
              <option key={p} value={p}>
                {vendorName(p)}
              </option>
            ))}
          </select>
        </label>
        <label>
          Reason
          <select value={reason} onChange={(e) => setQuery({ reason: e.currentTarget.value })}>
            <option value="">every reason</option>
            {(Object.keys(reasons) as ReviewItem["reason"][]).map((r) => (
              <option key={r} value={r}>
                {reasons[r].name}, {count(data.counts[r] ?? 0)}
              </option>
            ))}
          </select>
        </label>
      </form>
      <p class="found" role="status">
        {list.length === 0
          ? "Nothing of this kind waits for a person."
          : `${count(list.length)} ${list.length === 1 ? "rate waits" : "rates wait"} for a person.`}
      </p>
      <ul class="review">
        {cut.map((i, n) => (
          <Item key={n} i={i} />
        ))}
      </ul>
      {list.length > cut.length && (
        <p>
          <button type="button" class="link" onClick={() => setAll(true)}>
            Show all {count(list.length)}
          </button>
        </p>
      )}
    </>
  );
}

function Audit({ database }: { database: string }) {
  const id = useId();
  const [head, setHead] = useState("");
  const [busy, setBusy] = useState(false);
  const [a, setAnswer] = useState<AuditAnswer | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  if (database === "embedded")
    return (
      <p>
        There is no registry database, so there is nothing to audit: the history that comes with the program has no chain of its own. After{" "}
        <code>breakeven prices sync</code> there is one.
      </p>
    );
  const audit = async () => {
    setBusy(true);
    setProblem(null);
    try {
      setAnswer(await get<AuditAnswer>("/api/v1/prices/audit" + (head ? `?head=${encodeURIComponent(head.trim())}` : "")));
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  };
  return (
    <>
      <form
        class="filters"
        aria-label="Audit the registry"
        onSubmit={(e) => {
          e.preventDefault();
          void audit();
        }}
      >
        <label class="grow" for={id}>
          A head that you noted down earlier, if you have one
          <input id={id} type="text" class="head" value={head} placeholder="NUMBER:HASH" onInput={(e) => setHead(e.currentTarget.value)} />
        </label>
        <button type="submit" class="primary" disabled={busy}>
          {busy ? "Auditing…" : "Audit now"}
        </button>
      </form>
      {problem && <Trouble problem={problem} />}
      <div role="status">
        {a &&
          (a.sound ? (
            <>
              <p>
                <b>The record is sound.</b> {count(a.head.seq)} changes, {count(a.snapshots)} snapshots, {count(a.runs)} readings and{" "}
                {count(a.facts)} facts were recomputed, and all of them are as they were recorded.
                {a.known.length > 0 && " The head that you noted is still in the chain: nothing before it was rewritten."}
              </p>
              <p>
                Note this head down elsewhere; a later audit that is given it proves that nothing before it was rewritten:
                <output class="head">
                  {a.head.seq}:{a.head.hash}
                </output>
              </p>
            </>
          ) : (
            <p class="missing">
              <b>The record is broken.</b> {a.broken}
            </p>
          ))}
      </div>
    </>
  );
}

export function Verification() {
  const { data: v, problem, retry } = useData<VerifyAnswer>("/api/v1/prices/verify");
  return (
    <>
      <Head title="Verification">
        {v && (
          <>
            <p class="lead">
              <b>
                {count(v.vendors_verified)} of {count(v.vendors)} vendors are verified
              </b>
              {v.vendors_verified > 0 ? " today, each by public tables that do not copy one another." : "."}
            </p>
            <p class="muted">
              A rate is verified where two independent sources or more agree on it within half a per cent. A vendor is verified where that
              holds for more than half of its rates that a source states, and the last reading is {v.max_age_days} days old at most.
              <br />
              <b>Last verified</b> is the day of the last successful snapshot of a source that states a rate of the vendor, whether or not
              it said anything new; where this server has taken none yet, the last reading in the history that came with the program. A
              reading that fails moves no date and drops no data.
            </p>
            <Readings v={v} />
          </>
        )}
      </Head>
      {problem && <Trouble problem={problem} retry={retry} />}
      {!v && !problem && <Waiting>Comparing the sources…</Waiting>}
      {v && (
        <>
          <Vendors list={v.verification} caption="Vendors of tokens" />
          <p class="note">
            The bar is a vendor's rates: <span class="key-agree">confirmed</span>, <span class="key-one">stated and not confirmed</span>,
            and blank where only a rule or a curated entry gives them. A rate on which a majority agrees and somebody differs counts in two
            columns.
          </p>
          <section class="plain" aria-labelledby="sources-title">
            <h2 id="sources-title">Sources</h2>
            <Sources list={v.sources} />
          </section>
          <section class="plain" id="review" aria-labelledby="review-title">
            <h2 id="review-title">Waiting for a person</h2>
            <p class="gloss">None of the values in question is used silently.</p>
            <Review shown />
          </section>
          <section class="plain" aria-labelledby="machines-title">
            <h2 id="machines-title">Vendors of machines</h2>
            {v.machines.every((m) => m.rates === 0) && (
              <p class="gloss">
                No source on record here states the price of a machine; what the offers hold comes from a curated list with its own
                evidence.
              </p>
            )}
            <Vendors list={v.machines} caption="Vendors of machines, an hour each" machines />
          </section>
          <section class="plain" aria-labelledby="audit-title">
            <h2 id="audit-title">Audit</h2>
            <p class="gloss">
              Snapshots are named by a hash of what they say, and each change carries the hash of the one before it. An audit recomputes all
              of it.
            </p>
            <Audit database={v.registry.database} />
          </section>
        </>
      )}
    </>
  );
}
