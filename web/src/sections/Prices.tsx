// The price book as a list, each model with its evidence.

import { useState } from "preact/hooks";
import { asProblem, get, type Problem } from "../api/client";
import type { PriceDetail, PriceRow } from "../api/types";
import { count, exact } from "../format";
import { bookProblem, loadBook, prices } from "../state/book";
import { modelPath } from "../state/route";
import { Badge } from "../ui/Badge";
import { Sheets } from "../ui/Sheets";
import { Trouble } from "../ui/Trouble";
import { useNear } from "../ui/useNear";
import { Section } from "./Section";

const few = 12;

function Row({ r }: { r: PriceRow }) {
  const [open, setOpen] = useState(false);
  const [detail, setDetail] = useState<PriceDetail | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const id = `price-${r.provider}-${r.model}`.replace(/[^\w-]/g, "-");
  const toggle = () => {
    setOpen(!open);
    if (open || detail) return;
    get<PriceDetail>(`/api/v1/prices/${encodeURIComponent(r.provider)}/${encodeURIComponent(r.model)}`).then(setDetail, (e: unknown) =>
      setProblem(asProblem(e)),
    );
  };
  const cell = (usd: string | undefined) =>
    usd ? (
      exact(usd)
    ) : (
      <span class="gap">
        —<span class="hidden">no price</span>
      </span>
    );
  return (
    <>
      <tr>
        <th scope="row">
          <a href={modelPath(r.provider, r.model)}>{r.name ?? r.model}</a>
          <span class="formula">
            {r.provider}/{r.model}
          </span>
        </th>
        <td>{cell(r.input_usd_per_million)}</td>
        <td>{cell(r.cache_read_usd_per_million)}</td>
        <td>{cell(r.output_usd_per_million)}</td>
        <td class="why">
          <Badge
            kind={r.evidence?.kind ?? "assumed"}
            about={`the prices of ${r.name ?? r.model} at ${r.provider}`}
            open={open}
            controls={id}
            onClick={toggle}
          />
        </td>
      </tr>
      {open && (
        <tr class="evidence" id={id}>
          <td colSpan={5}>
            {problem ? <Trouble problem={problem} /> : detail ? <Sheets of={detail} /> : <p aria-busy="true">Looking it up…</p>}
          </td>
        </tr>
      )}
    </>
  );
}

export function Prices() {
  const [text, setText] = useState("claude");
  const [all, setAll] = useState(false);
  const near = useNear<HTMLDivElement>(() => void loadBook());
  const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = (prices.value ?? []).filter((r) => asked.every((w) => `${r.provider}/${r.model} ${r.name ?? ""}`.toLowerCase().includes(w)));
  const shown = all ? rows : rows.slice(0, few);
  return (
    <Section
      id="prices"
      title="The price book"
      gloss={
        <>
          What each model costs today, in dollars per million tokens. A dash is a price that nobody has stated; it is not zero.{" "}
          <a href="/prices">The whole table</a>, <a href="/changes">what changed</a>, <a href="/verification">what is verified</a>.
        </>
      }
    >
      <div ref={near} class="prices">
        {bookProblem.value && <Trouble problem={bookProblem.value} retry={() => void loadBook()} />}
        <div class="field">
          <label for="price-search">Search</label>
          <input
            id="price-search"
            type="search"
            value={text}
            onInput={(e) => {
              setText(e.currentTarget.value);
              setAll(false);
            }}
          />
        </div>
        {prices.value === null ? (
          <p class="muted" aria-busy="true">
            Opening the book…
          </p>
        ) : (
          <div class="ledger">
            <table>
              <caption>
                {rows.length === 0 ? "No model matches" : `${count(rows.length)} ${rows.length === 1 ? "model" : "models"}`}, dollars per
                million tokens, standard tier
              </caption>
              <thead>
                <tr>
                  <th scope="col">Model</th>
                  <th scope="col">Input</th>
                  <th scope="col">Cache read</th>
                  <th scope="col">Output</th>
                  <th scope="col">Why</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((r) => (
                  <Row key={`${r.provider}/${r.model}`} r={r} />
                ))}
              </tbody>
            </table>
          </div>
        )}
        {rows.length > shown.length && (
          <p>
            <button type="button" class="link" onClick={() => setAll(true)}>
              Show all {count(rows.length)}
            </button>
          </p>
        )}
      </div>
    </Section>
  );
}
