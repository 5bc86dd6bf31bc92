// A rate over time as steps: one thin line for each source, the vendor's price in ink behind them. Each step is a mark
// that opens what happened.

import type { ComponentChildren } from "preact";
import { capital, day } from "../format";
import { kindName, rate } from "../rates";
import { openEvidence } from "../ui/Evidence";
import { useWidth } from "../ui/useWidth";
import { dollarTicks, roundTicks, spread } from "./labels";
import { drawn } from "./sources";
import { largest, share, type Happening, type Segment, type Story } from "./story";

const height = 286;
const top = 46;
const bottom = 24;
const left = 44;
const apart = 2.5; // pixels between lines that say the same

const months = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });

// timeTicks are new years, and quarters where there is room.
function timeTicks(from: number, to: number, room: number): { at: number; text: string }[] {
  const ticks: { at: number; text: string }[] = [];
  const years = (to - from) / (365.25 * 86_400_000);
  const step = years / room > 1 / 110 ? 12 : 3;
  const begin = new Date(from);
  for (let m = 0; ; m += step) {
    const at = Date.UTC(begin.getUTCFullYear(), m, 1);
    if (at > to) return ticks;
    if (at < from) continue;
    const date = new Date(at);
    ticks.push({ at, text: date.getUTCMonth() === 0 ? String(date.getUTCFullYear()) : months.format(date) });
  }
}

const decimal = (v: number) => String(Number(v.toPrecision(6)));

const on = (t: number) => day(new Date(t).toISOString());

// onePrice is what is to be said of a price that never changed.
function onePrice(s: Story): string {
  const since = s.book[0]!.of.effective.from ?? s.happenings.find((h) => h.since)?.since?.at;
  if (since) return `One price since ${day(since)}`;
  return s.happenings[0] ? `One price since the first reading, ${on(s.happenings[0].at)}` : "";
}

const said = (h: Happening) => {
  const values = h.from && h.to ? `${rate(h.from, h.kind)} to ${rate(h.to, h.kind)}` : rate(h.to ?? h.from ?? "", h.kind);
  return `${h.who}, ${on(h.at)}: ${values}, ${h.class ? h.class.replaceAll("_", " ") : h.what}`;
};

function Mark({ h, x, y, color, detail }: { h: Happening; x: number; y: number; color: string; detail: () => ComponentChildren }) {
  const open = (e: Event) => openEvidence({ anchor: e.currentTarget as Element, label: said(h), content: detail });
  const gone = h.to === undefined;
  return (
    <g
      class={`mark-of ${h.line === "book" ? "vendor" : ""}`}
      role="button"
      tabindex={0}
      aria-label={said(h)}
      aria-haspopup="dialog"
      aria-expanded="false"
      onClick={open}
      onKeyDown={(e) => {
        if (e.key !== "Enter" && e.key !== " ") return;
        e.preventDefault();
        open(e);
      }}
    >
      <circle cx={x} cy={y} r={12} class="reach" />
      {gone ? (
        <path d={`M${x - 3},${y - 3}l6,6m0,-6l-6,6`} stroke={color} stroke-width={1.5} />
      ) : (
        <circle cx={x} cy={y} r={h.line === "book" ? 4.5 : 3.5} fill={h.from ? color : "var(--paper)"} stroke={color} stroke-width={1.5} />
      )}
      <title>{said(h)}</title>
    </g>
  );
}

export function Steps({ story: s, detail }: { story: Story; detail: (h: Happening) => ComponentChildren }) {
  const { ref, width } = useWidth();
  const narrow = width < 460;
  const right = narrow ? 84 : 112;
  const values = [...s.book, ...s.lines.flatMap((l) => l.segments)].map((x) => Number(x.text));
  const high = Math.max(...values);
  const low = Math.min(...values);
  const log = low > 0 && high / low >= 8;
  const start = Math.min(s.start, s.now - 365 * 86_400_000);
  const x = (t: number) => left + ((t - start) / (s.now - start)) * (width - left - right);
  const ground = height - bottom;
  const share01 = (v: number) =>
    log ? Math.log(v / (low * 0.85)) / Math.log((high * 1.15) / (low * 0.85)) : high > 0 ? v / (high * 1.08) : 0;
  const y = (v: number) => ground - share01(v) * (ground - top);
  const offset = (i: number) => (i - (s.lines.length - 1) / 2) * apart;
  const path = (segments: Segment<unknown>[], dy: number) =>
    segments
      .map((g, i) => {
        const level = (y(Number(g.text)) + dy).toFixed(1);
        const joined = i > 0 && segments[i - 1]!.to === g.from;
        return `${joined ? "V" + level : `M${x(g.from).toFixed(1)},${level}`}H${x(g.to).toFixed(1)}`;
      })
      .join("");
  const ticks = log ? dollarTicks(low * 0.85, high * 1.15) : roundTicks(high * 1.08 || 1, 4);
  const big = largest(s.happenings);
  const current = s.book.at(-1);
  const names = [
    ...(current ? [{ text: "charged", id: "book", ended: current.to < s.now, x: 0, y: y(Number(current.text)), weight: "600" }] : []),
    ...s.lines.map((l, i) => {
      const last = l.segments.at(-1)!;
      return {
        text: drawn(l.id).short ?? l.title,
        id: l.id,
        ended: last.to < s.now,
        x: 0,
        y: y(Number(last.text)) + offset(i),
        weight: "400",
      };
    }),
  ];
  const labels = spread(names, 15, top + 4, ground - 2) as typeof names;
  const place = (h: Happening) => {
    const i = s.lines.findIndex((l) => l.id === h.line);
    return { x: x(h.at), y: y(Number(h.to ?? h.from)) + (h.line === "book" ? 0 : offset(i)) };
  };
  const told = big && [
    `${rate(big.from!, s.kind)} → ${rate(big.to!, s.kind)}, ${share(big)}`,
    big.line === "book" ? on(big.at) : `${drawn(big.line).short ?? big.who} recorded it ${on(big.at)}`,
  ];
  const bigX = big ? x(big.at) : 0;
  // The words begin at the step, or end at it in the right half, and stay inside the frame.
  const long = told ? Math.max(told[0]!.length * 7.4, told[1]!.length * 6.4) : 0;
  const toldX = Math.max(0, Math.min(bigX > left + (width - left - right) / 2 ? bigX + 4 - long : bigX - 4, width - long));
  const same = !big && s.book.length === 1 ? onePrice(s) : "";
  return (
    <figure class="chart steps">
      <figcaption>
        <b>{capital(kindName(s.kind))}</b>
        {current && (
          <>
            , {rate(current.text, s.kind)}
            {current.to < s.now && " when last charged"}
          </>
        )}{" "}
        <span class="muted">
          {["web_search", "request"].includes(s.kind) ? "" : "per million tokens"}
          {log ? "; logarithmic" : ""}
        </span>
      </figcaption>
      <div class="plot" ref={ref}>
        {width > 0 && (
          <svg width={width} height={height} role="group" aria-label={`${kindName(s.kind)} over time: the steps of each source`}>
            <g aria-hidden="true">
              {ticks.map((t) => (
                <g key={t}>
                  <line x1={left} x2={width - right} y1={y(t)} y2={y(t)} class={t === 0 ? "ground" : "grid"} />
                  <text x={left - 6} y={y(t) + 4} text-anchor="end">
                    {rate(decimal(t), s.kind).replace(" per 1,000", "")}
                  </text>
                </g>
              ))}
              {timeTicks(start, s.now, width - left - right).map((t) => (
                <g key={t.at}>
                  <line x1={x(t.at)} x2={x(t.at)} y1={ground} y2={ground + 4} class="ground" />
                  <text x={x(t.at)} y={height - 6} text-anchor="middle">
                    {t.text}
                  </text>
                </g>
              ))}
              <path d={path(s.book, 0)} class="charged" />
              {s.lines.map((l, i) => (
                <path
                  key={l.id}
                  d={path(l.segments, offset(i))}
                  class="stated"
                  stroke={drawn(l.id).color}
                  stroke-dasharray={drawn(l.id).dash}
                />
              ))}
              {labels.map((l) => (
                <g key={l.id}>
                  {l.id === "book" ? (
                    <line x1={width - right + 5} x2={width - right + 19} y1={l.y - 4} y2={l.y - 4} class="charged" />
                  ) : (
                    <line
                      x1={width - right + 5}
                      x2={width - right + 19}
                      y1={l.y - 4}
                      y2={l.y - 4}
                      class="stated"
                      stroke={drawn(l.id).color}
                      stroke-dasharray={drawn(l.id).dash}
                    />
                  )}
                  <text x={width - right + 23} y={l.y} class={l.ended ? "name ended" : "name"} font-weight={l.weight}>
                    {l.text}
                  </text>
                </g>
              ))}
              {big && (
                <g class="told">
                  <line x1={bigX} x2={bigX} y1={36} y2={y(Number(big.from)) - 6} class="leader" />
                  <text x={toldX} y={14} class="word strong">
                    {told![0]}
                  </text>
                  <text x={toldX} y={30} class="word muted">
                    {told![1]}
                  </text>
                </g>
              )}
              {same && (
                <text x={left} y={22} class="word strong">
                  {same}
                </text>
              )}
            </g>
            {s.happenings.map((h, i) => {
              const p = place(h);
              return (
                <Mark
                  key={i}
                  h={h}
                  x={p.x}
                  y={p.y}
                  color={h.line === "book" ? "var(--ink)" : drawn(h.line).color}
                  detail={() => detail(h)}
                />
              );
            })}
          </svg>
        )}
      </div>
    </figure>
  );
}
