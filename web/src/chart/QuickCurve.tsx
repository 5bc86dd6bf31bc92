// Both sides of the quick formula over the scale of today's workload, with all terms.

import { differenceY, dot, gridX, gridY, line, plot, pointerX, ruleX, tip, axisX, axisY } from "@observablehq/plot";
import type { QuickAnswer } from "../api/types";
import { dollars, hasCents, roundDollars, shortDollars, times } from "../format";
import { Figure } from "./Figure";
import { dollarTicks, scaleTick, scaleTicks, spread, write } from "./labels";
import { style } from "./palette";

type Point = QuickAnswer["curve"][number];

const api = style.current_api;
const self = style.rented_gpus;

function draw(q: QuickAnswer, width: number): Element {
  const narrow = width < 480;
  const height = narrow ? 280 : 340;
  const values = q.curve.flatMap((p) => [p.api_usd_per_month, p.self_host_usd_per_month]).filter((v) => v > 0);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const right = narrow ? 60 : 84;
  const domain: [number, number] = [low * 0.9, high * 1.1];
  const x = (p: Point) => p.scale;
  const level = q.break_even.scale;
  const inside = level !== undefined && level >= 0.1 && level <= 10;
  const spend = q.break_even.api_usd_per_month;
  const chart = plot({
    width,
    height,
    marginLeft: 48,
    marginRight: right,
    marginTop: 26,
    marginBottom: 34,
    x: { type: "log", domain: [0.1, 10] },
    y: { type: "log", domain, clamp: true },
    marks: [
      gridX(scaleTicks, { stroke: "var(--grid)", strokeOpacity: 1 }),
      gridY(dollarTicks(...domain), { stroke: "var(--grid)", strokeOpacity: 1 }),
      axisX(narrow ? [0.1, 1, 10] : scaleTicks, { text: scaleTick, tickSize: 0, label: null }),
      axisY(dollarTicks(...domain), { text: shortDollars, tickSize: 0, label: null }),
      differenceY(q.curve, {
        x,
        y1: "api_usd_per_month",
        y2: "self_host_usd_per_month",
        positiveFill: "var(--api-tint)",
        negativeFill: "var(--self-tint)",
        positiveFillOpacity: 1,
        negativeFillOpacity: 1,
        stroke: "none",
      }),
      ruleX([1], { stroke: "var(--muted)", strokeDasharray: "1 3" }),
      line(q.curve, { x, y: "api_usd_per_month", stroke: api.color, strokeWidth: 2 }),
      line(q.curve, { x, y: "self_host_usd_per_month", stroke: self.color, strokeWidth: 2 }),
      inside ? dot([[level, spend]], { fill: "var(--paper)", stroke: "var(--ink)", strokeWidth: 2, r: 5 }) : null,
      tip(
        q.curve,
        pointerX({
          x,
          y: "self_host_usd_per_month",
          fill: "var(--paper)",
          stroke: "var(--rule)",
          title: (p: Point) =>
            `${times(p.scale)} today's work\nAPI ${roundDollars(p.api_usd_per_month)}\nself-hosting ${roundDollars(p.self_host_usd_per_month)}`,
        }),
      ),
    ],
  });
  const sx = chart.scale("x")!;
  const sy = chart.scale("y")!;
  const last = q.curve[q.curve.length - 1]!;
  const end = width - right;
  const names = [
    { text: "API", x: end, y: sy.apply(last.api_usd_per_month) as number, color: "var(--ink)" },
    { text: narrow ? "self-host" : "self-hosting", x: end, y: sy.apply(last.self_host_usd_per_month) as number, color: "var(--gpus-text)" },
  ];
  for (const l of spread(names, 17, 34, height - 40)) {
    write(chart, { ...l, x: end + 6, y: l.y + 4, weight: "600" });
  }
  write(chart, { text: "today", x: sx.apply(1) as number, y: 16, anchor: "middle", className: "muted" });
  if (inside && spend !== undefined) {
    const px = sx.apply(level) as number;
    const py = sy.apply(spend) as number;
    // Above and left of the crossing both lines lie below; below and right of it they lie above.
    const left = !narrow && px > 48 + 190;
    const by = left ? { x: px - 12, anchor: "end" as const } : { x: Math.min(px + 10, width - 145), anchor: "start" as const };
    const y = left ? py - 26 : Math.min(py + 34, height - 62);
    write(chart, { text: narrow ? `level at ${times(level)}` : `level at ${times(level)} today's work`, ...by, y, weight: "600" });
    write(chart, { text: `${roundDollars(spend)} of API spend`, ...by, y: y + 16 });
  }
  return chart;
}

function describe(q: QuickAnswer): string {
  const { scale, api_usd_per_month: spend, never } = q.break_even;
  const crossing =
    scale !== undefined && spend !== undefined
      ? `The lines cross at ${times(scale)} today's work, where the API bill is ${roundDollars(spend)} a month.`
      : (never ?? "The lines do not cross.");
  return `Cost per month of the API and of self-hosting, from a tenth to ten times today's work. ${crossing}`;
}

export function QuickCurve({ answer }: { answer: QuickAnswer }) {
  const { scale, never } = answer.break_even;
  return (
    <Figure
      title={
        <>
          Cost per month over the scale of today's work, all terms counted. <span class="muted">Both axes are logarithmic.</span>
        </>
      }
      describes={describe(answer)}
      draw={(width) => draw(answer, width)}
      drawn={answer}
      note={
        scale === undefined
          ? never
          : scale > 10 || scale < 0.1
            ? `Both sides are level at ${times(scale)} today's work, outside this chart.`
            : undefined
      }
      table={{
        caption: "Cost per month over scale",
        head: ["Scale", "API", "Self-hosting"],
        rows: () => {
          const withCents = hasCents(answer.curve.flatMap((p) => [p.api_usd_per_month, p.self_host_usd_per_month]));
          return answer.curve.map((p) => [
            times(p.scale),
            dollars(p.api_usd_per_month, withCents),
            dollars(p.self_host_usd_per_month, withCents),
          ]);
        },
      }}
    />
  );
}
