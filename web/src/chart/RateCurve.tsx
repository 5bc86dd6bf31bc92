// Latency over the rate that one replica is sent, with today's rate and the largest that keeps the target.

import { axisX, axisY, dot, gridY, line, plot, rect, ruleX, ruleY } from "@observablehq/plot";
import type { CapacityAnswer, CapacityPoint } from "../api/types";
import { latency, rounded } from "../format";
import { Figure } from "./Figure";
import { roundTicks, write } from "./labels";

const height = 236;
const margin = { left: 42, right: 14, top: 40, bottom: 26 };

interface Of {
  name: string;
  short: string;
  value: (p: CapacityPoint) => number; // in seconds
  target: number;
}

function draw(c: CapacityAnswer, now: number, of: Of, width: number): Element {
  const points = c.curve.map((p) => ({ x: p.requests_per_second, y: of.value(p) }));
  const last = points.at(-1)?.x ?? c.requests_per_second;
  const right = Math.max(last, c.requests_per_second_high, Math.min(now, 1.5 * last)) * 1.02;
  const high = Math.min(Math.max(of.target * 1.25, ...points.map((p) => p.y)), of.target * 2.5);
  const inMs = high < 1;
  const ticks = roundTicks(inMs ? high * 1000 : high, 4);
  const top = ticks.at(-1)!;
  const rates = roundTicks(right, width < 400 ? 3 : 5);
  const scale = inMs ? 1000 : 1;
  const chart = plot({
    width,
    height,
    marginLeft: margin.left,
    marginRight: margin.right,
    marginTop: margin.top,
    marginBottom: margin.bottom,
    x: { domain: [0, right] },
    y: { domain: [0, high * scale] },
    marks: [
      rect([0], { x1: c.requests_per_second_low, x2: c.requests_per_second_high, y1: 0, y2: high * scale, fill: "var(--api-tint)" }),
      gridY(ticks, { stroke: "var(--grid)", strokeOpacity: 1 }),
      axisX(rates, { text: (v: number) => (v === rates.at(-1) ? `${rounded(v)} /s` : rounded(v)), tickSize: 0, label: null }),
      axisY(ticks, { text: (v: number) => (v === top ? `${rounded(v)} ${inMs ? "ms" : "s"}` : rounded(v)), tickSize: 0, label: null }),
      ruleY([of.target * scale], { stroke: "var(--accent)", strokeWidth: 1.25 }),
      ruleX([c.requests_per_second], { stroke: "var(--ink)", strokeWidth: 1 }),
      now <= right ? ruleX([now], { stroke: "var(--hosted)", strokeDasharray: "4 3", strokeWidth: 1.25 }) : null,
      line(points, { x: "x", y: (p: { y: number }) => p.y * scale, stroke: "var(--ink)", strokeWidth: 1.75, clip: true }),
      dot(
        points.filter((p) => p.y <= high),
        { x: "x", y: (p: { y: number }) => p.y * scale, fill: "var(--ink)", r: 2.25 },
      ),
    ],
  });
  const x = (v: number) => chart.scale("x")!.apply(v) as number;
  const y = (v: number) => chart.scale("y")!.apply(v * scale) as number;
  const place = (at: number) => ({ x: Math.min(width, Math.max(0, at)), anchor: at > width * 0.6 ? ("end" as const) : ("start" as const) });
  write(chart, { text: `sustains ${rounded(c.requests_per_second)}/s`, ...place(x(c.requests_per_second)), y: 14, className: "small" });
  write(chart, {
    text: now <= right ? `now ${rounded(now)}/s` : `now ${rounded(now)}/s, off to the right`,
    ...place(Math.min(x(now), width)),
    y: 31,
    color: "var(--hosted-text)",
    className: "small",
  });
  write(chart, { text: `target ${latency(of.target)}`, x: margin.left + 4, y: y(of.target) - 5, color: "var(--accent)", className: "small" });
  return chart;
}

export function RateCurve({ capacity: c, now }: { capacity: CapacityAnswer; now: number }) {
  if (c.curve.length === 0) return null;
  const list: Of[] = [
    { name: "time to the first token", short: "TTFT", value: (p) => p.ttft_seconds.p99, target: c.target.ttft_seconds ?? 2 },
    { name: "time between tokens", short: "TPOT", value: (p) => p.tpot_ms.p99 / 1000, target: (c.target.tpot_ms ?? 50) / 1000 },
  ];
  return (
    <div class="multiples">
      {list.map((of) => (
        <Figure
          key={of.short}
          title={
            <>
              <b>
                p99 {of.name} ({of.short})
              </b>{" "}
              <span class="muted">over the calls a second that one replica is sent. The band is the uncertainty of the rate.</span>
            </>
          }
          describes={`p99 ${of.name} of one replica, from ${rounded(c.curve[0]?.requests_per_second ?? 0)} calls a second (${latency(of.value(c.curve[0]!))}) to ${rounded(c.curve.at(-1)?.requests_per_second ?? 0)} (${latency(of.value(c.curve.at(-1)!))}). It sustains ${rounded(c.requests_per_second)} within the target of ${latency(of.target)}; a replica is now sent ${rounded(now)}.`}
          draw={(w) => draw(c, now, of, w)}
          drawn={JSON.stringify([now, of.target, c.requests_per_second, of.value(c.curve.at(-1)!)])}
          table={{
            caption: `p99 ${of.name} over the rate`,
            head: ["Calls a second", `p99 ${of.short}`, "Target"],
            rows: () => c.curve.map((p) => [rounded(p.requests_per_second), latency(of.value(p)), p.met ? "kept" : "missed"]),
          }}
        />
      ))}
    </div>
  );
}
