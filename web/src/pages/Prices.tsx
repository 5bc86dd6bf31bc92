// The price table: every price list in force, sorted and filtered in place. Only the rows near the screen are drawn.

import { useMemo } from "preact/hooks";
import type { PriceRow, VerifyAnswer } from "../api/types";
import { GpuHistory } from "../chart/GpuHistory";
import { count, short } from "../format";
import { inColumn, rate, standingName, standings, vendorName } from "../rates";
import { rank } from "../state/book";
import { useData } from "../state/data";
import { modelPath, query, setQuery } from "../state/route";
import { Source, called } from "../ui/Badge";
import { Opener } from "../ui/Evidence";
import { Readings } from "../ui/Readings";
import { Standing } from "../ui/Standing";
import { Trouble } from "../ui/Trouble";
import { useNarrow, useWindow } from "../ui/useWindow";
import { Head, Waiting } from "./Head";

// Entry is a row with what filters and sorting look at.
interface Entry {
  r: PriceRow;
  key: string;
  words: string;
}

const numeric = (text: string | undefined) => (text === undefined ? null : Number(text));

// columns are what the table shows and sorts by; a price that nobody states comes last either way.
const columns: { id: string; name: string; of: (r: PriceRow) => number | string | null; figure?: boolean }[] = [
  { id: "model", name: "Model", of: (r) => (r.name ?? r.model).toLowerCase() },
  { id: "tier", name: "Tier, route", of: (r) => `${r.tier} ${r.route ?? ""}` },
  { id: "input", name: "Input", of: (r) => numeric(r.input_usd_per_million), figure: true },
  { id: "cached", name: "Cached", of: (r) => numeric(r.cache_read_usd_per_million), figure: true },
  { id: "output", name: "Output", of: (r) => numeric(r.output_usd_per_million), figure: true },
  { id: "evidence", name: "Evidence", of: (r) => r.evidence?.kind ?? null },
  { id: "standing", name: "Standing", of: (r) => standings.indexOf(r.standing) },
  { id: "context", name: "Context", of: (r) => r.context_window ?? null, figure: true },
];

function sorted(list: Entry[], by: string): Entry[] {
  const down = by.startsWith("-");
  const of = columns.find((c) => c.id === by.replace("-", ""))?.of;
  if (!of) return list;
  const sign = down ? -1 : 1;
  return list.toSorted((a, b) => {
    const x = of(a.r);
    const y = of(b.r);
    if (x === y) return 0;
    if (x === null) return 1;
    if (y === null) return -1;
    return x < y ? -sign : sign;
  });
}

interface Filter {
  text: string;
  provider: string;
  tier: string;
  standing: string;
  open: boolean;
  routes: boolean;
}

function chosen(list: Entry[], f: Filter): Entry[] {
  const asked = f.text.toLowerCase().split(/\s+/).filter(Boolean);
  return list.filter(
    ({ r, words }) =>
      (f.routes || !r.route) &&
      (f.tier === "all" || r.tier === f.tier) &&
      (!f.provider || r.provider === f.provider) &&
      (!f.standing || r.standing === f.standing) &&
      (!f.open || !!r.weights) &&
      asked.every((w) => words.includes(w)),
  );
}

const gap = (
  <span class="gap">
    —<span class="hidden">no price</span>
  </span>
);
const price = (text: string | undefined) => (text ? inColumn(text) : gap);

const about = (r: PriceRow) => [r.tier === "standard" ? "" : r.tier, r.route ?? ""].filter(Boolean).join(", ");

function Evidence({ r }: { r: PriceRow }) {
  const p = r.evidence;
  if (!p) return <span class="muted">none</span>;
  return (
    <Opener
      class={p.kind}
      label={`why the prices of ${r.name ?? r.model}?`}
      content={() => (
        <>
          <p>
            <b>{r.name ?? r.model}</b>
            {about(r) && `, ${about(r)}`}: {r.input_usd_per_million ? `input ${rate(r.input_usd_per_million)}` : "no input price"}.
          </p>
          <p>
            <Source of={p} />
          </p>
          <p>
            <a href={modelPath(r.provider, r.model)}>Every rate with its evidence</a>
          </p>
        </>
      )}
    >
      {called(p.kind)}
    </Opener>
  );
}

const context = (r: PriceRow) => (r.context_window ? short(r.context_window) : "");

function SortHead({ c, by }: { c: (typeof columns)[number]; by: string }) {
  const is = by.replace("-", "") === c.id;
  const down = is && by.startsWith("-");
  const next = !is ? c.id : down ? undefined : `-${c.id}`;
  return (
    <th scope="col" class={c.figure ? "num" : c.id} aria-sort={is ? (down ? "descending" : "ascending") : undefined}>
      <button type="button" onClick={() => setQuery({ sort: next })}>
        {c.name}
        <span class="arrow" aria-hidden="true">
          {is ? (down ? "↓" : "↑") : ""}
        </span>
      </button>
    </th>
  );
}

const rowHeight = 50;

function Wide({ list, by }: { list: Entry[]; by: string }) {
  const { ref, first, last } = useWindow<HTMLTableSectionElement>(list.length, rowHeight);
  return (
    <table class="price-table" aria-rowcount={list.length + 1}>
      <caption class="hidden">Prices in dollars per million tokens</caption>
      <thead>
        <tr aria-rowindex={1}>
          {columns.map((c) => (
            <SortHead key={c.id} c={c} by={by} />
          ))}
        </tr>
      </thead>
      <tbody ref={ref}>
        {first > 0 && (
          <tr aria-hidden="true" key="above" class="spacer">
            <td colSpan={columns.length} style={{ height: `${first * rowHeight}px` }} />
          </tr>
        )}
        {list.slice(first, last).map(({ r, key }, i) => (
          <tr key={key} aria-rowindex={first + i + 2} data-row={key}>
            <th scope="row">
              <a href={modelPath(r.provider, r.model)}>{r.name ?? r.model}</a>
              <span class="formula" title={`${r.provider}/${r.model}`}>
                {r.provider}/{r.model}
              </span>
            </th>
            <td class="tier">
              <span class={r.tier === "standard" ? "muted" : ""}>{r.tier}</span>
              <span class="formula">{[r.route, r.context_bands && "long prompts cost more"].filter(Boolean).join(", ")}</span>
            </td>
            <td>{price(r.input_usd_per_million)}</td>
            <td>{price(r.cache_read_usd_per_million)}</td>
            <td>{price(r.output_usd_per_million)}</td>
            <td class="word">
              <Evidence r={r} />
            </td>
            <td class="word">
              <Standing r={r} />
            </td>
            <td>{context(r)}</td>
          </tr>
        ))}
        {last < list.length && (
          <tr aria-hidden="true" key="below" class="spacer">
            <td colSpan={columns.length} style={{ height: `${(list.length - last) * rowHeight}px` }} />
          </tr>
        )}
      </tbody>
    </table>
  );
}

const itemHeight = 106;

function Narrow({ list }: { list: Entry[] }) {
  const { ref, first, last } = useWindow<HTMLUListElement>(list.length, itemHeight);
  return (
    <ul
      class="price-list"
      ref={ref}
      style={{ paddingTop: `${first * itemHeight}px`, paddingBottom: `${(list.length - last) * itemHeight}px` }}
    >
      {list.slice(first, last).map(({ r, key }, i) => (
        <li key={key} data-row={key} aria-setsize={list.length} aria-posinset={first + i + 1}>
          <p class="name">
            <a href={modelPath(r.provider, r.model)}>{r.name ?? r.model}</a>
          </p>
          <p class="formula">
            {[`${r.provider}/${r.model}`, about(r), r.context_window && `${context(r)} context`].filter(Boolean).join(" · ")}
          </p>
          <dl>
            {(
              [
                ["in", r.input_usd_per_million],
                ["cached", r.cache_read_usd_per_million],
                ["out", r.output_usd_per_million],
              ] as const
            ).map(([name, text]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{text ? rate(text) : gap}</dd>
              </div>
            ))}
          </dl>
          <p class="words">
            <Evidence r={r} /> <Standing r={r} />
          </p>
        </li>
      ))}
    </ul>
  );
}

function Filters({ list, f, by, narrow }: { list: Entry[]; f: Filter; by: string; narrow: boolean }) {
  const all = useMemo(() => {
    const of = (pick: (r: PriceRow) => string) => [...new Set(list.map((e) => pick(e.r)))];
    return { providers: of((r) => r.provider), tiers: of((r) => r.tier) };
  }, [list]);
  return (
    <form class="filters" role="search" aria-label="Filter the prices" onSubmit={(e) => e.preventDefault()}>
      <label class="grow">
        Search
        <input
          type="search"
          value={f.text}
          placeholder="model or vendor"
          onInput={(e) => setQuery({ q: e.currentTarget.value || undefined })}
        />
      </label>
      <label>
        Vendor
        <select value={f.provider} onChange={(e) => setQuery({ provider: e.currentTarget.value })}>
          <option value="">every vendor</option>
          {all.providers.map((p) => (
            <option key={p} value={p}>
              {vendorName(p)}
            </option>
          ))}
        </select>
      </label>
      <label>
        Tier
        <select value={f.tier} onChange={(e) => setQuery({ tier: e.currentTarget.value === "standard" ? "" : e.currentTarget.value })}>
          <option value="all">every tier</option>
          {all.tiers.map((t) => (
            <option key={t} value={t}>
              {t}
            </option>
          ))}
        </select>
      </label>
      <label>
        Standing
        <select value={f.standing} onChange={(e) => setQuery({ standing: e.currentTarget.value })}>
          <option value="">any standing</option>
          {standings.map((s) => (
            <option key={s} value={s}>
              {standingName[s]}
            </option>
          ))}
        </select>
      </label>
      {narrow && (
        <label>
          Sort by
          <select value={by} onChange={(e) => setQuery({ sort: e.currentTarget.value })}>
            <option value="">the book's order</option>
            {columns.flatMap((c) => [
              <option key={c.id} value={c.id}>
                {c.name.toLowerCase()}, {c.figure ? "lowest first" : "A to Z"}
              </option>,
              <option key={`-${c.id}`} value={`-${c.id}`}>
                {c.name.toLowerCase()}, {c.figure ? "highest first" : "Z to A"}
              </option>,
            ])}
          </select>
        </label>
      )}
      <div class="checks">
        <label class="check">
          <input type="checkbox" checked={f.open} onChange={(e) => setQuery({ open: e.currentTarget.checked ? "1" : "" })} />
          open weights only
        </label>
        <label class="check">
          <input type="checkbox" checked={f.routes} onChange={(e) => setQuery({ routes: e.currentTarget.checked ? "1" : "" })} />
          regional routes too
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={query.value.has("retired")}
            onChange={(e) => setQuery({ retired: e.currentTarget.checked ? "1" : "" })}
          />
          retired models too
        </label>
      </div>
    </form>
  );
}

const none: PriceRow[] = [];

const gpus = <GpuHistory />; // one value, so that a keystroke in the filter does not draw it again

export function Prices() {
  const q = query.value;
  const { data, problem, retry } = useData<PriceRow[]>(`/api/v1/prices?every=true${q.has("retired") ? "&retired=true" : ""}`);
  const verify = useData<VerifyAnswer>("/api/v1/prices/verify").data;
  const narrow = useNarrow();
  const rows = data ?? none;
  const list = useMemo(
    () =>
      rows
        .map((r) => ({
          r,
          key: [r.provider, r.model, r.tier, r.route ?? ""].join(" "),
          words: `${r.provider}/${r.model} ${r.name ?? ""} ${vendorName(r.provider)} ${r.route ?? ""}`.toLowerCase(),
        }))
        .toSorted((a, b) => rank(a.r.provider) - rank(b.r.provider)),
    [rows],
  );
  const by = q.get("sort") ?? "";
  const f: Filter = {
    text: q.get("q") ?? "",
    provider: q.get("provider") ?? "",
    tier: q.get("tier") ?? "standard",
    standing: q.get("standing") ?? "",
    open: q.has("open"),
    routes: q.has("routes"),
  };
  const ordered = useMemo(() => sorted(list, by), [list, by]);
  const shown = chosen(ordered, f);
  const models = useMemo(() => new Set(rows.map((r) => `${r.provider}/${r.model}`)).size, [rows]);
  return (
    <>
      <Head title="Prices">
        <p class="lead">
          {data
            ? `What ${count(models)} models cost today at ${new Set(rows.map((r) => r.provider)).size} vendors, in dollars per million tokens.`
            : "What models cost today, in dollars per million tokens."}
        </p>
        <p class="muted">
          Each price opens its evidence and who confirms it; each name opens its history. A dash is a price that nobody has stated; it is
          not zero. <a href="/method">How prices are found</a> · <a href="/api/v1/prices/export?format=csv">Every rate as CSV</a> ·{" "}
          <a href="#gpus">What GPUs have cost</a>
        </p>
        {verify && <Readings v={verify} />}
      </Head>
      {problem && <Trouble problem={problem} retry={retry} />}
      {data ? (
        <>
          <Filters list={list} f={f} by={by} narrow={narrow} />
          <p class="found" role="status">
            {shown.length === 0
              ? "No price list matches. "
              : `${count(shown.length)} of ${count(rows.length)} price lists${f.tier === "all" ? "" : `, ${f.tier} tier`}${f.routes ? "" : ", default routes"}. `}
            {(shown.length === 0 || q.size > 0) && (
              <button
                type="button"
                class="link"
                onClick={() => setQuery(Object.fromEntries([...q.keys()].map((key) => [key, undefined])), true)}
              >
                Show the whole list
              </button>
            )}
          </p>
          {shown.length > 0 && (narrow ? <Narrow list={shown} /> : <Wide list={shown} by={by} />)}
        </>
      ) : (
        !problem && <Waiting>Opening the book…</Waiting>
      )}
      {gpus}
    </>
  );
}
