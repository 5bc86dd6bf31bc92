// What a log's calls cost over time: bars in layers, the prices' changes marked above them.

import { useState } from "preact/hooks";
import type { PriceEffect, UsageRow } from "../api/types";
import { count, day, roundDollars, shortDollars, toCents } from "../format";
import { openEvidence } from "../ui/Evidence";
import { csv, download } from "../ui/download";
import { Drawing } from "./Figure";
import { roundTicks, spread } from "./labels";
import { bars, type Bar, type Bars, type Layer } from "./spend";
import { countTicks, timeTicks } from "./time";

const height = 330;
const bottom = 26;
const left = 46;
const gapHeight = 7; // of the hatching over what has no price

const unnamed: Record<string, string> = {
  model: "no model named",
  project: "no project named",
  provider: "no provider named",
  user: "no user named",
};

const cut = (text: string, most: number) => (text.length > most ? text.slice(0, most - 1) + "…" : text);

interface Told {
  x: number;
  from: number; // the place of the first in the list of changes
  changes: PriceEffect[];
}

// marks gathers changes that fall on the same place of the chart.
function marks(changes: PriceEffect[], x: (t: number) => number): Told[] {
  const list: Told[] = [];
  changes.forEach((c, i) => {
    const at = x(Date.parse(c.at));
    const last = list.at(-1);
    if (last && at - last.x < 22) last.changes.push(c);
    else list.push({ x: at, from: i, changes: [c] });
  });
  return list;
}

const largest = (changes: PriceEffect[]) =>
  changes.toSorted((a, b) => Math.abs(Number(b.usd_effect)) - Math.abs(Number(a.usd_effect)))[0];

const numbers = (m: Told) => (m.changes.length === 1 ? String(m.from + 1) : `${m.from + 1}–${m.from + m.changes.length}`);

function Mark({ m, ground }: { m: Told; ground: number }) {
  const label = `${m.changes.length === 1 ? "Price change" : "Price changes"} ${numbers(m)}: ${m.changes.map((c) => c.text).join(" ")}`;
  const open = (e: Event) =>
    openEvidence({
      anchor: e.currentTarget as Element,
      label: "What a price change did",
      content: () => m.changes.map((c) => <p key={c.provider + c.model + c.tier + (c.route ?? "")}>{c.text}</p>),
    });
  const half = m.changes.length === 1 ? 9 : 15;
  return (
    <g
      class="mark-of told"
      role="button"
      tabindex={0}
      aria-label={label}
      aria-haspopup="dialog"
      aria-expanded="false"
      onClick={open}
      onKeyDown={(e) => {
        if (e.key !== "Enter" && e.key !== " ") return;
        e.preventDefault();
        open(e);
      }}
    >
      <line x1={m.x} x2={m.x} y1={40} y2={ground} class="leader" />
      <rect x={m.x - half - 3} y={19} width={2 * half + 6} height={24} rx={12} class="reach" />
      <rect x={m.x - half} y={22} width={2 * half} height={18} rx={9} class="pill" />
      <text x={m.x} y={35.5} text-anchor="middle" class="pill-text">
        {numbers(m)}
      </text>
    </g>
  );
}

const box = (x: number, y: number, w: number, h: number) => `M${x.toFixed(1)},${y.toFixed(1)}h${w.toFixed(1)}v${h.toFixed(1)}h${(-w).toFixed(1)}z`;

function Chart(props: { data: Bars; changes: PriceEffect[]; reported: boolean; width: number; name: (l: Layer) => string; says: string }) {
  const { data, changes, reported, width, name } = props;
  const [at, setAt] = useState<number | null>(null);
  const { bars: list } = data;
  const wide = width >= 620;
  const right = wide ? 176 : 8;
  const top = changes.length > 0 ? 50 : 12;
  const first = list[0]!.slot;
  const last = list.at(-1)!;
  const from = first.from;
  const to = last.slot.to;
  const ground = height - bottom;
  const room = width - left - right;
  const x = (t: number) => left + ((t - from) / (to - from)) * room;
  const high = Math.max(...list.map((b) => Math.max(b.top, (reported && b.reported) || 0))) || 1;
  const ticks = roundTicks(high * 1.06, 4);
  const y = (v: number) => ground - (v / (high * 1.06)) * (ground - top);
  const place = (b: Bar) => {
    const w = x(b.slot.to) - x(b.slot.from);
    const air = w > 12 ? 2 : w > 4 ? 1 : 0;
    return { x: x(b.slot.from) + air / 2, w: Math.max(0.5, w - air) };
  };
  const slim = place(last).w < 7;
  const paths = data.layers.map((layer) => ({
    layer,
    d: list.flatMap((b) => b.parts.filter((p) => p.layer === layer && p.to > p.from).map((p) => box(place(b).x, y(p.to), place(b).w, y(p.from) - y(p.to)))).join(""),
  }));
  const gaps = list.filter((b) => b.gap).map((b) => box(place(b).x, y(b.top) - gapHeight, place(b).w, gapHeight));
  const line = list
    .map((b, i) => {
      if (b.reported === undefined) return "";
      const before = list[i - 1];
      const joined = before?.reported !== undefined && before.slot.to === b.slot.from;
      return `${joined ? "V" : `M${x(b.slot.from).toFixed(1)},`}${y(b.reported).toFixed(1)}H${x(b.slot.to).toFixed(1)}`;
    })
    .join("");
  const shown = data.layers.filter((l) => !data.rest.includes(l));
  // middle is where layers lie in the last bar, or would.
  const middle = (layers: Layer[]) => {
    const parts = last.parts.filter((p) => layers.includes(p.layer));
    if (parts.length > 0) return y((parts[0]!.from + parts.at(-1)!.to) / 2);
    const below = data.layers.slice(0, data.layers.indexOf(layers[0]!));
    return y(last.parts.findLast((p) => below.includes(p.layer))?.to ?? 0);
  };
  const words = [
    ...shown.map((l) => ({ text: name(l), x: 0, y: middle([l]), color: l.color })),
    ...(data.rest.length > 0 ? [{ text: `${count(data.rest.length)} others`, x: 0, y: middle(data.rest), color: data.rest[0]!.color }] : []),
  ];
  const labels = wide ? spread(words.toReversed(), 17, top + 6, ground) : [];
  const told = marks(changes, x);
  const big = wide ? largest(changes) : undefined;
  const bigX = big ? x(Date.parse(big.at)) : 0;
  const ending = bigX > left + room / 2;
  const find = (e: PointerEvent) => {
    const t = from + ((e.offsetX - left) / room) * (to - from);
    const i = list.findIndex((b) => t >= b.slot.from && t < b.slot.to);
    setAt(i < 0 ? null : i);
  };
  const read = at === null ? undefined : list[at];
  return (
    <>
      <svg
        width={width}
        height={height}
        role="group"
        aria-label={props.says}
        class="spend"
        onPointerMove={find}
        onPointerLeave={() => setAt(null)}
      >
        <defs>
          <pattern id="no-price" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <line x1="0" x2="0" y1="0" y2="5" class="hatch" />
          </pattern>
        </defs>
        <g aria-hidden="true">
          {ticks.map((t) => (
            <g key={t}>
              <line x1={left} x2={width - right} y1={y(t)} y2={y(t)} class={t === 0 ? "ground" : "grid"} />
              <text x={left - 6} y={y(t) + 4} text-anchor="end">
                {shortDollars(t)}
              </text>
            </g>
          ))}
          {(first.relative ? countTicks : timeTicks)(from, to, room).map((t) => (
            <g key={t.at}>
              <line x1={x(t.at)} x2={x(t.at)} y1={ground} y2={ground + 4} class="ground" />
              <text x={x(t.at)} y={height - 7} text-anchor={x(t.at) > width - 20 ? "end" : "middle"}>
                {t.text}
              </text>
            </g>
          ))}
          {paths.map((p) => p.d && <path key={p.layer.name} d={p.d} class={slim ? "layer slim" : "layer"} style={{ fill: p.layer.color }} />)}
          {gaps.length > 0 && <path d={gaps.join("")} class="gap-of" />}
          {reported && line && (
            <>
              {slim || <path d={line} class="reported" />}
              <path d={line} class={slim ? "reported line slim" : "reported line"} />
            </>
          )}
          {read && <path d={box(x(read.slot.from), top - 4, x(read.slot.to) - x(read.slot.from), ground - top + 4)} class="read" />}
          {labels.map((l) => (
            <g key={l.text}>
              <rect x={width - right + 8} y={l.y - 5} width={9} height={9} style={{ fill: l.color }} />
              <text x={width - right + 22} y={l.y + 4} class="word small">
                {cut(l.text, 23)}
                <title>{l.text}</title>
              </text>
            </g>
          ))}
          {big && (
            <text x={ending ? Math.max(bigX, 410) : Math.max(0, Math.min(bigX, width - 410))} y={14} text-anchor={ending ? "end" : "start"} class="word small strong">
              {big.text}
            </text>
          )}
        </g>
        {told.map((m) => (
          <Mark key={m.from} m={m} ground={ground} />
        ))}
      </svg>
      {!wide && (
        <ul class="layers" aria-hidden="true">
          {words.map((w) => (
            <li key={w.text}>
              <span class="dot" style={{ background: w.color }} /> {w.text}
            </li>
          ))}
        </ul>
      )}
      <p class="readout" aria-hidden="true">
        {read ? (
          <>
            <b>{when(read.label)}</b>
            {read.parts.map((p) => (
              <span key={p.layer.name} class="part">
                <span class="dot" style={{ background: p.layer.color }} /> {name(p.layer)}{" "}
                <span class="figure">{p.row.usd === undefined ? "no price" : (p.row.complete ? "" : "at least ") + toCents(p.row.usd)}</span>
              </span>
            ))}
          </>
        ) : (
          <span class="muted">Point at a bar to read it.</span>
        )}
      </p>
    </>
  );
}

// when writes a group's label as people write a time.
function when(label: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(label)) return day(label);
  if (/^\d{4}-\d{2}-\d{2}T/.test(label)) return `${day(label.slice(0, 10))}, ${label.slice(11, 16)} UTC`;
  return label;
}

const cost = (r: UsageRow) => (r.usd === undefined ? "no price" : (r.complete ? "" : "at least ") + toCents(r.usd));

const exactly = (rows: UsageRow[], per: string, by: string): string[][] => [
  [per, by, "rows", "requests", "input_tokens", "output_tokens", "usd", "complete", "reported_usd"],
  ...rows.map((r) => [
    r.group?.[per] ?? "",
    r.group?.[by] ?? "",
    String(r.rows),
    r.requests === undefined ? "" : String(r.requests),
    String(r.input_tokens),
    String(r.output_tokens),
    r.usd ?? "",
    String(r.complete),
    r.reported_usd ?? "",
  ]),
];

export function SpendTime(props: { rows: UsageRow[]; changes: PriceEffect[]; per: string; by: string; reported: boolean }) {
  const { rows, changes, per, by, reported } = props;
  const data = bars(rows, per, by);
  const name = (l: Layer) => l.name || unnamed[by]!;
  const { bars: list } = data;
  if (list.length === 0) return <p class="missing">No row has a time, so there is nothing to draw over it: the shares below still hold.</p>;
  if (rows.every((r) => r.usd === undefined)) return <p class="missing">Nothing here has a price, so there is no spend to draw.</p>;
  const gaps = list.filter((b) => b.gap).length;
  const loose = data.loose.length;
  const silent = reported && list.every((b) => b.reported === undefined);
  const dearest = list.toSorted((a, b) => b.top - a.top)[0]!;
  const says = `Computed cost by ${per}, in layers by ${by}: ${count(list.length)} bars from ${when(list[0]!.label)} to ${when(list.at(-1)!.label)}. The highest, ${when(dearest.label)}, is about ${roundDollars(dearest.top)}.${changes.length > 0 ? ` ${changes.length === 1 ? "One price change is" : `${count(changes.length)} price changes are`} marked.` : ""}`;
  return (
    <>
      <Drawing
        title={
          <>
            <b>Dollars {per === "hour" ? "an" : "a"} {per}</b>, by {by}.{" "}
            <span class="muted">
              Each call at the price in force at its time.
              {reported && !silent && " The line is what the log itself reports."}
            </span>
          </>
        }
        table={{
          caption: `Cost by ${per} and ${by}`,
          head: [`${per[0]!.toUpperCase()}${per.slice(1)}`, `${by[0]!.toUpperCase()}${by.slice(1)}`, "Rows", "Computed", ...(reported ? ["Reported"] : [])],
          rows: () =>
            rows.map((r) => [
              when(r.group?.[per] ?? ""),
              r.group?.[by] || unnamed[by]!,
              count(r.rows),
              cost(r),
              ...(reported ? [r.reported_usd === undefined ? "not reported" : toCents(r.reported_usd)] : []),
            ]),
        }}
        tools={
          <button type="button" class="link" onClick={() => download(`usage-by-${per}-and-${by}.csv`, csv(exactly(rows, per, by)))}>
            Download as CSV
          </button>
        }
        note={
          (gaps > 0 || loose > 0 || silent) && (
            <>
              {gaps > 0 && (
                <p>
                  <span class="hatched" aria-hidden="true" /> Hatched: calls without a price, of unknown cost. They are in{" "}
                  {gaps === 1 ? "one bar" : `${count(gaps)} bars`}, which are too low by what those cost.
                </p>
              )}
              {loose > 0 && <p>Rows without a time are in the table and in no bar.</p>}
              {silent && <p>The log reports no cost of its own for all of any {per}.</p>}
            </>
          )
        }
      >
        {(width) => <Chart data={data} changes={changes} reported={reported} width={width} name={name} says={says} />}
      </Drawing>
    </>
  );
}
