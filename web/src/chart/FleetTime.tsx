// The run of a fleet over time, as small multiples: latencies beside their targets, the queue, and how full it is.

import { areaY, axisX, axisY, gridY, line, plot, ruleY } from "@observablehq/plot";
import type { Series, SimulateAnswer } from "../api/types";
import { count, latency, percent, rounded } from "../format";
import { Figure } from "./Figure";
import { roundTicks, spread, write, type Label } from "./labels";

interface Line {
  name: string;
  values: number[];
  ink: "ink" | "muted";
}

interface Panel {
  title: string;
  says: string;
  unit: string;
  of: (v: number) => string; // a value with its unit, in words
  scale: number; // of values for the axis
  lines: Line[];
  target?: number;
}

// spans are units of time, the largest that a run fills a few of is taken.
const spans = [
  { name: "d", seconds: 86_400 },
  { name: "h", seconds: 3600 },
  { name: "min", seconds: 60 },
  { name: "s", seconds: 1 },
];

const height = 168;
const margin = { left: 38, right: 62, top: 10, bottom: 24 };

function draw(p: Panel, width: number, seconds: number[], length: number): Element {
  const span = spans.find((s) => length >= 3 * s.seconds) ?? spans.at(-1)!;
  const high = Math.max(p.target ?? 0, ...p.lines.flatMap((l) => l.values).filter(Number.isFinite)) || 1;
  const ticks = roundTicks(high * p.scale * 1.06, 3);
  const top = ticks.at(-1)!;
  const times = roundTicks(length / span.seconds, 4);
  const columns = Math.max(24, Math.floor((width - margin.left - margin.right) / 3));
  const points = p.lines.map((l) => thinned(seconds, l.values, columns).map((b) => ({ x: b.at / span.seconds, y: b.mean * p.scale, low: b.low * p.scale, high: b.high * p.scale })));
  const chart = plot({
    width,
    height,
    marginLeft: margin.left,
    marginRight: margin.right,
    marginTop: margin.top,
    marginBottom: margin.bottom,
    x: { domain: [0, length / span.seconds] },
    y: { domain: [0, Math.max(top, high * p.scale * 1.06)] },
    marks: [
      gridY(ticks, { stroke: "var(--grid)", strokeOpacity: 1 }),
      axisX(times, { text: (v: number) => (v === times.at(-1) ? `${rounded(v)} ${span.name}` : rounded(v)), tickSize: 0, label: null }),
      axisY(ticks, { text: (v: number) => (v === top ? `${rounded(v)}${p.unit}` : rounded(v)), tickSize: 0, label: null }),
      ...p.lines.map((l, i) => (l.ink === "ink" ? areaY(points[i]!, { x: "x", y1: "low", y2: "high", fill: "var(--band)" }) : null)),
      ...p.lines.map((l, i) =>
        line(points[i]!, {
          x: "x",
          y: "y",
          stroke: `var(--${l.ink})`,
          strokeWidth: 1.25,
          ...(l.ink === "muted" && { strokeDasharray: "3 2" }),
        }),
      ),
      p.target === undefined ? null : ruleY([p.target * p.scale], { stroke: "var(--accent)", strokeWidth: 1.25 }),
    ],
  });
  const y = (v: number) => chart.scale("y")!.apply(v * p.scale) as number;
  const names: Label[] = p.lines.map((l) => ({ text: l.name, x: 0, y: y(recent(l.values)), color: `var(--${l.ink})` }));
  if (p.target !== undefined) names.push({ text: "target", x: 0, y: y(p.target), color: "var(--accent)" });
  for (const l of spread(names, 14, margin.top + 4, height - margin.bottom)) {
    write(chart, { ...l, x: width - margin.right + 6, y: l.y + 4, className: "small" });
  }
  return chart;
}

interface Bucket {
  at: number;
  mean: number;
  low: number;
  high: number;
}

// thinned joins neighbouring buckets where there are more than there is room for, into their mean and their range.
function thinned(seconds: number[], values: number[], columns: number): Bucket[] {
  const each = Math.max(1, Math.ceil(values.length / columns));
  return Array.from({ length: Math.ceil(values.length / each) }, (_, i) => {
    const from = i * each;
    const some = values.slice(from, from + each).filter(Number.isFinite);
    const at = (seconds[from]! + seconds[Math.min(from + each, seconds.length) - 1]!) / 2;
    if (some.length === 0) return { at, mean: NaN, low: NaN, high: NaN };
    return { at, mean: some.reduce((a, b) => a + b, 0) / some.length, low: Math.min(...some), high: Math.max(...some) };
  });
}

// recent is the mean of a line's last twentieth, where its name stands.
function recent(values: number[]): number {
  const last = values.filter(Number.isFinite).slice(-Math.max(1, Math.ceil(values.length / 20)));
  return last.length === 0 ? 0 : last.reduce((a, b) => a + b, 0) / last.length;
}

// seen are latencies without the buckets in which nothing arrived.
const seen = (values: number[]) => values.map((v) => (v > 0 ? v : NaN));

const most = (values: number[]) => Math.max(0, ...values.filter(Number.isFinite));

function panels(a: SimulateAnswer): Panel[] {
  const s: Series = a.series;
  const slow = seen(s.ttft_p99_seconds);
  const ttft = Math.max(most(slow), a.target.ttft_seconds ?? 0);
  const ms = (v: number) => latency(v / 1000);
  return [
    {
      title: "Time to the first token",
      says: `At worst p99 is ${latency(most(slow))}`,
      unit: ttft < 1 ? " ms" : " s",
      scale: ttft < 1 ? 1000 : 1,
      of: latency,
      lines: [
        { name: "p99", values: slow, ink: "ink" },
        { name: "p50", values: seen(s.ttft_p50_seconds), ink: "muted" },
      ],
      ...(a.target.ttft_seconds && { target: a.target.ttft_seconds }),
    },
    {
      title: "Time between tokens of an answer",
      says: `At worst p99 is ${ms(most(seen(s.tpot_p99_ms)))}`,
      unit: " ms",
      scale: 1,
      of: ms,
      lines: [
        { name: "p99", values: seen(s.tpot_p99_ms), ink: "ink" },
        { name: "p50", values: seen(s.tpot_p50_ms), ink: "muted" },
      ],
      ...(a.target.tpot_ms && { target: a.target.tpot_ms }),
    },
    {
      title: "Calls in the fleet",
      says: `At most ${rounded(most(s.running))} run and ${rounded(most(s.waiting))} wait`,
      unit: "",
      scale: 1,
      of: rounded,
      lines: [
        { name: "running", values: s.running, ink: "ink" },
        { name: "waiting", values: s.waiting, ink: "muted" },
      ],
    },
    {
      title: "How full it is",
      says: `The cache is at most ${percent(most(s.cache_share))} full`,
      unit: " %",
      scale: 100,
      of: percent,
      lines: [
        { name: "cache", values: s.cache_share, ink: "ink" },
        { name: "busy", values: s.busy_share, ink: "muted" },
      ],
    },
  ];
}

export function FleetTime({ answer: a }: { answer: SimulateAnswer }) {
  const width = a.series.bucket_seconds;
  const seconds = a.series.running.map((_, i) => (i + 0.5) * width);
  if (seconds.length < 2) return <p class="muted">The workload is too short to be drawn over time.</p>;
  const bucket = `${rounded(width)} s`;
  return (
    <div class="multiples">
      {panels(a).map((p) => (
        <Figure
          key={p.title}
          title={
            <>
              <b>{p.title}.</b> <span class="muted">{p.says}.</span>
            </>
          }
          describes={`${p.title} over ${count(seconds.length)} spans of ${bucket}: ${p.lines.map((l) => `${l.name} at most ${p.of(most(l.values))}`).join(", ")}${p.target === undefined ? "" : `; the target is ${p.of(p.target)}`}. ${p.says}.`}
          draw={(w) => draw(p, w, seconds, seconds.length * width)}
          drawn={a}
          table={{
            caption: p.title,
            head: ["From second", ...p.lines.map((l) => l.name)],
            rows: () => seconds.map((t, i) => [count(t - width / 2), ...p.lines.map((l) => (Number.isFinite(l.values[i]) ? p.of(l.values[i]!) : "—"))]),
          }}
        />
      ))}
    </div>
  );
}
