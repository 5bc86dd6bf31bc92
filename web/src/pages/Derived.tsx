// The rates that no vendor publishes, each with the rule that gives it.

import { useMemo, useState } from "preact/hooks";
import type { DerivedRate } from "../api/types";
import { count } from "../format";
import { kindName, rate, vendorName } from "../rates";
import { rank } from "../state/book";
import { useData } from "../state/data";
import { modelPath, query, setQuery } from "../state/route";
import { Source, called } from "../ui/Badge";
import { Opener } from "../ui/Evidence";
import { Trouble } from "../ui/Trouble";
import { Head, Waiting } from "./Head";

const page = 100;

const field = (d: DerivedRate) => (d.tier === "standard" ? "" : `${d.tier} `) + kindName(d.kind);

const none: DerivedRate[] = [];

export function Derived() {
  const { data, problem, retry } = useData<DerivedRate[]>("/api/v1/prices/derived");
  const [pages, setPages] = useState(1);
  const q = query.value;
  const list = useMemo(
    () =>
      (data ?? none)
        .map((d) => ({
          d,
          field: field(d),
          words: `${d.provider}/${d.model} ${d.name ?? ""} ${vendorName(d.provider)} ${field(d)}`.toLowerCase(),
        }))
        .toSorted((a, b) => rank(a.d.provider) - rank(b.d.provider)),
    [data],
  );
  const asked = (q.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const vendor = q.get("provider") ?? "";
  const only = q.get("field") ?? "";
  const found = list.filter(
    (e) => (!vendor || e.d.provider === vendor) && (!only || e.field === only) && asked.every((w) => e.words.includes(w)),
  );
  const cut = found.slice(0, pages * page);
  const fields = useMemo(() => [...new Set(list.map((e) => e.field))].sort(), [list]);
  const set = (changes: Record<string, string>) => {
    setPages(1);
    setQuery(changes);
  };
  return (
    <>
      <Head title="Derived rates">
        <p class="lead">Rates that the price book holds and no vendor publishes, each with the reason.</p>
        <p class="muted">
          <i>Derived</i>: the vendor states a rule, and the rule gives the rate. <i>Inferred</i>: convention suggests it; nobody states it.
          A derived rate follows its base wherever that changes, and a published one takes its place as soon as there is one.
        </p>
      </Head>
      {problem && <Trouble problem={problem} retry={retry} />}
      {!data && !problem && <Waiting>Reading the rules…</Waiting>}
      {data && (
        <>
          <form class="filters" role="search" aria-label="Filter the derived rates" onSubmit={(e) => e.preventDefault()}>
            <label class="grow">
              Search
              <input
                type="search"
                value={q.get("q") ?? ""}
                placeholder="model, vendor or field"
                onInput={(e) => set({ q: e.currentTarget.value })}
              />
            </label>
            <label>
              Vendor
              <select value={vendor} onChange={(e) => set({ provider: e.currentTarget.value })}>
                <option value="">every vendor</option>
                {[...new Set(list.map((e) => e.d.provider))].map((p) => (
                  <option key={p} value={p}>
                    {vendorName(p)}
                  </option>
                ))}
              </select>
            </label>
            <label>
              Field
              <select value={only} onChange={(e) => set({ field: e.currentTarget.value })}>
                <option value="">every field</option>
                {fields.map((f) => (
                  <option key={f} value={f}>
                    {f}
                  </option>
                ))}
              </select>
            </label>
          </form>
          <p class="found" role="status">
            {found.length === 0 ? "No derived rate matches." : `${count(found.length)} of ${count(list.length)} derived rates.`}
          </p>
          {cut.length > 0 && (
            <div class="ledger" tabIndex={0} role="region" aria-label="Derived rates">
              <table class="derived" role="table">
                <caption class="hidden">Rates that no vendor publishes</caption>
                <thead>
                  <tr>
                    <th scope="col">Vendor / Model</th>
                    <th scope="col" class="text">
                      Field
                    </th>
                    <th scope="col">Rate</th>
                    <th scope="col" class="text">
                      Why it is inferred
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {cut.map(({ d, field }) => (
                    <tr key={`${d.provider}/${d.model} ${d.tier} ${d.kind}`} role="row">
                      <th scope="row" role="rowheader">
                        {vendorName(d.provider)} — <a href={modelPath(d.provider, d.model)}>{d.name || d.model}</a>
                      </th>
                      <td class="text" role="cell">
                        {field}
                      </td>
                      <td role="cell">{rate(d.usd_per_million, d.kind)}</td>
                      <td class="text why-text" role="cell">
                        {d.provenance.rule ?? "The source does not say."}{" "}
                        <Opener
                          class={d.provenance.kind}
                          label={`why the ${field} of ${d.name || d.model}?`}
                          content={() => (
                            <p>
                              <Source of={d.provenance} />
                            </p>
                          )}
                        >
                          {called(d.provenance.kind)}
                        </Opener>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          {found.length > cut.length && (
            <p>
              <button type="button" class="link" onClick={() => setPages(pages + 1)}>
                Show {count(Math.min(page, found.length - cut.length))} more
              </button>
            </p>
          )}
        </>
      )}
    </>
  );
}
