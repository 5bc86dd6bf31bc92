// The changelog: what sources were seen to state differently, by day, and what each edit means.

import type { ChangeClass, ChangesAnswer, PriceChange, PriceSource, PriceRow } from "../api/types";
import { capital, count, day } from "../format";
import { address, aside, classMeans, className, classes, edits, kindName, rate, told, vendorName, why } from "../rates";
import { rank } from "../state/book";
import { useData } from "../state/data";
import { modelPath, query, setQuery } from "../state/route";
import { Opener } from "../ui/Evidence";
import { Trouble } from "../ui/Trouble";
import { Head, Waiting } from "./Head";

const page = 100;

// Group is what one source changed of one model on one day.
interface Group {
  key: string;
  first: PriceChange;
  changes: PriceChange[];
}

function days(changes: PriceChange[]): [string, Group[]][] {
  const byDay = new Map<string, Map<string, Group>>();
  for (const c of changes) {
    const d = c.at.slice(0, 10);
    const groups = byDay.get(d) ?? new Map<string, Group>();
    byDay.set(d, groups);
    const key = `${c.source} ${c.provider}/${c.model}`;
    const g = groups.get(key);
    if (g) g.changes.push(c);
    else groups.set(key, { key, first: c, changes: [c] });
  }
  return [...byDay].map(([d, groups]) => [d, [...groups.values()]]);
}

function Name({ c }: { c: PriceChange }) {
  const ours = [...new Map(c.ours.map((m) => [`${m.provider}/${m.model}`, m])).values()];
  const named = c.provider ? `${c.provider}/${c.model}` : c.model;
  if (ours.length === 0)
    return (
      <>
        {named}
        <span class="formula">not in the price book</span>
      </>
    );
  return (
    <>
      {ours.slice(0, 2).map((m, i) => (
        <span key={m.provider}>
          {i > 0 && ", "}
          <a href={modelPath(m.provider, m.model)}>{m.model}</a>
        </span>
      ))}
      {ours.length > 2 && ` and ${ours.length - 2} more`}
      <span class="formula">
        {vendorName(ours[0]!.provider)}
        {`${ours[0]!.provider}/${ours[0]!.model}` !== named && `, named ${named}`}
      </span>
    </>
  );
}

function Change({ c }: { c: PriceChange }) {
  const note = aside(c);
  return (
    <li>
      <span class="what">
        {kindName(c.kind)}
        {note && <span class="muted">, {note}</span>}
      </span>
      <span class="values figure">
        {c.old_usd_per_million ? rate(c.old_usd_per_million, c.kind) : <span class="muted">nothing</span>}
        <span class="hidden"> became </span>
        <span aria-hidden="true"> → </span>
        {c.new_usd_per_million ? <b>{rate(c.new_usd_per_million, c.kind)}</b> : <span class="muted">nothing</span>}
      </span>
      <span class="class">
        <Opener
          class={`class-${c.class}`}
          label={`what a ${className[c.class]} is`}
          content={() => (
            <>
              <p>
                <b>{capital(className[c.class])}</b>: {classMeans[c.class]}.
              </p>
              <p>Here: {why(c)}.</p>
              {c.seq && <p class="muted">Number {count(c.seq)} in the chain of changes.</p>}
            </>
          )}
        >
          {className[c.class]}
        </Opener>
        {c.class === "price_change" || c.class === "revert" || c.class === "unit_fix" ? <span class="muted"> {why(c)}</span> : null}
      </span>
    </li>
  );
}

function Row({ g, sources }: { g: Group; sources: Map<string, string> }) {
  const c = g.first;
  const evidence = address(c.evidence ?? (c.snapshot && `snapshot ${c.snapshot}`));
  return (
    <li class="change">
      <div class="name">
        <Name c={c} />
      </div>
      <ul>
        {g.changes.map((x, i) => (
          <Change key={i} c={x} />
        ))}
      </ul>
      <div class="from">
        {sources.get(c.source) ?? c.source}
        {evidence && (
          <>
            {" "}
            <a href={evidence} target="_blank" rel="noreferrer">
              {told(evidence)}
              <span class="hidden"> of {c.source} that says so</span>
            </a>
          </>
        )}
      </div>
    </li>
  );
}

function Filters({ a, sources, vendors }: { a: ChangesAnswer; sources: PriceSource[]; vendors: string[] }) {
  const q = query.value;
  const picked = chosenClasses();
  const toggle = (c: ChangeClass, on: boolean) => {
    const next = classes.filter((x) => (x === c ? on : picked.includes(x)));
    const usual = next.join() === edits.join();
    setQuery({ class: usual ? "" : next.length === 0 || next.length === classes.length ? "all" : next.join(","), page: "" });
  };
  return (
    <form class="filters" role="search" aria-label="Filter the changes" onSubmit={(e) => e.preventDefault()}>
      <label class="grow">
        Search
        <input
          type="search"
          value={q.get("q") ?? ""}
          placeholder="part of a model's name"
          onInput={(e) => setQuery({ q: e.currentTarget.value, page: "" })}
        />
      </label>
      <label>
        Vendor
        <select value={q.get("provider") ?? ""} onChange={(e) => setQuery({ provider: e.currentTarget.value, page: "" })}>
          <option value="">every vendor</option>
          {vendors.map((v) => (
            <option key={v} value={v}>
              {vendorName(v)}
            </option>
          ))}
        </select>
      </label>
      <label>
        Source
        <select value={q.get("source") ?? ""} onChange={(e) => setQuery({ source: e.currentTarget.value, page: "" })}>
          <option value="">every source</option>
          {sources.map((s) => (
            <option key={s.id} value={s.id}>
              {s.title}
            </option>
          ))}
        </select>
      </label>
      <label>
        Since
        <input
          type="date"
          value={q.get("since") ?? ""}
          min="2023-01-01"
          onChange={(e) => setQuery({ since: e.currentTarget.value, page: "" })}
        />
      </label>
      <fieldset class="checks classes">
        <legend class="hidden">What kind of change</legend>
        {classes.map((c) => (
          <label key={c} class="check" title={classMeans[c]}>
            <input type="checkbox" checked={picked.includes(c)} onChange={(e) => toggle(c, e.currentTarget.checked)} />
            <span>
              {className[c]} <span class="muted figure">{count(a.classes[c] ?? 0)}</span>
            </span>
          </label>
        ))}
        <label class="check">
          <input type="checkbox" checked={q.has("all")} onChange={(e) => setQuery({ all: e.currentTarget.checked ? "1" : "", page: "" })} />
          also models that the price book lacks
        </label>
      </fieldset>
    </form>
  );
}

// chosenClasses are those of the address, else every class of a value that became another one.
function chosenClasses(): ChangeClass[] {
  const text = query.value.get("class");
  if (text === null) return edits;
  if (text === "all") return classes;
  return classes.filter((c) => text.split(",").includes(c));
}

function request(offset: number): string {
  const q = query.value;
  const r = new URLSearchParams({ limit: String(page), offset: String(offset), class: chosenClasses().join(",") });
  for (const key of ["q", "provider", "source"]) if (q.get(key)) r.set(key, q.get(key)!);
  if (/^\d{4}-\d{2}-\d{2}$/.test(q.get("since") ?? "")) r.set("since", `${q.get("since")}T00:00:00Z`);
  if (q.has("all")) r.set("all", "true");
  return "/api/v1/prices/changes?" + r.toString();
}

function Pages({ at, of }: { at: number; of: number }) {
  if (of <= page) return null;
  const last = Math.ceil(of / page);
  const go = (n: number) => {
    setQuery({ page: n > 1 ? String(n) : "" }, true);
    document.querySelector(".found")?.scrollIntoView();
  };
  return (
    <nav class="pages" aria-label="Pages of the changelog">
      <button type="button" class="link" disabled={at === 1} onClick={() => go(at - 1)}>
        Newer
      </button>
      <span>
        page {count(at)} of {count(last)}
      </span>
      <button type="button" class="link" disabled={at >= last} onClick={() => go(at + 1)}>
        Older
      </button>
    </nav>
  );
}

export function Changes() {
  const number = Math.max(1, Math.floor(Number(query.value.get("page") ?? "1")) || 1);
  const { data: a, problem, busy, retry } = useData<ChangesAnswer>(request((number - 1) * page));
  const sources = useData<PriceSource[]>("/api/v1/prices/sources").data ?? [];
  const prices = useData<PriceRow[]>("/api/v1/prices").data ?? [];
  const vendors = [...new Set(prices.map((r) => r.provider))].toSorted((x, y) => rank(x) - rank(y) || (x < y ? -1 : 1));
  const titles = new Map(sources.map((s) => [s.id, s.title]));
  const from = (number - 1) * page;
  return (
    <>
      <Head title="Changes">
        <p class="lead">What public price tables were seen to state differently, the newest first.</p>
        <p class="muted">
          <b>A table's edit is not a price change.</b> Tables mend slips of units, fill in zeros, and take edits back; each change is
          classed by a rule, which its word opens. A day is when the table was read, which can be weeks after the vendor changed the price.{" "}
          <a href="/method#classes">The rule</a>
        </p>
      </Head>
      {problem && <Trouble problem={problem} retry={retry} />}
      {!a && !problem && <Waiting>Reading the changelog…</Waiting>}
      {a && (
        <>
          <Filters a={a} sources={sources} vendors={vendors} />
          <p class="found" role="status">
            {a.total === 0
              ? "No change matches. "
              : `${count(a.total)} ${a.total === 1 ? "change" : "changes"}${a.total > page ? `, ${count(from + 1)} to ${count(Math.min(from + page, a.total))} shown` : ""}. `}
            {!query.value.has("class") && "Additions and removals are left out: tick them to see them. "}
            {query.value.size > 0 && (
              <button
                type="button"
                class="link"
                onClick={() => setQuery(Object.fromEntries([...query.value.keys()].map((k) => [k, undefined])), true)}
              >
                Drop the filters
              </button>
            )}
          </p>
          <div class={busy ? "changelog stale" : "changelog"} aria-busy={busy}>
            {days(a.changes).map(([d, groups]) => (
              <section key={d} class="day" aria-labelledby={`day-${d}`}>
                <h2 id={`day-${d}`}>{day(d)}</h2>
                <ul class="changes">
                  {groups.map((g) => (
                    <Row key={g.key} g={g} sources={titles} />
                  ))}
                </ul>
              </section>
            ))}
          </div>
          <Pages at={number} of={a.total} />
        </>
      )}
    </>
  );
}
