// How long calls are: for each kind of length its median, nine of ten, 99 of 100 and the longest, on a logarithmic axis.

import type { Lengths, LogNormal } from "../api/types";
import { count, rounded, short } from "../format";
import { Drawing } from "./Figure";

export interface Strip {
  name: string;
  lengths: Lengths;
  fit?: LogNormal | undefined;
}

const each = 62;
const margin = { left: 8, right: 84, top: 4, bottom: 26 };

export function LengthStrips({ strips }: { strips: Strip[] }) {
  const low = Math.max(1, Math.min(...strips.map((s) => s.lengths.p50)) / 8);
  const high = Math.max(...strips.map((s) => s.lengths.max)) * 1.2;
  const decades = Array.from({ length: 9 }, (_, i) => 10 ** i).filter((v) => v >= low && v <= high);
  const height = margin.top + strips.length * each + margin.bottom;
  return (
    <Drawing
      title={
        <>
          <b>Tokens a call.</b> <span class="muted">Thick: half of the calls to nine of ten; thin: to 99 of 100; the dot is the longest. Logarithmic.</span>
        </>
      }
      table={{
        caption: "Lengths of calls in tokens",
        head: ["Length", "Calls", "Mean", "CV", "p50", "p90", "p99", "Longest", "p99 of mean and CV alone"],
        rows: () =>
          strips.map(({ name, lengths: l, fit }) => [
            name,
            count(l.n),
            ...[l.mean, l.cv, l.p50, l.p90, l.p99].map(rounded),
            count(l.max),
            fit ? rounded(fit.p99_of_mean_and_cv) : "—",
          ]),
      }}
    >
      {(width) => {
        const x = (v: number) => margin.left + (Math.log(Math.max(v, low) / low) / Math.log(high / low)) * (width - margin.left - margin.right);
        const says = strips
          .map(({ name, lengths: l }) => `${name}: half of the calls have ${rounded(l.p50)} tokens at most, 90 % ${rounded(l.p90)}, 99 % ${rounded(l.p99)}; the longest ${count(l.max)}.`)
          .join(" ");
        return (
          <svg width={width} height={height} role="img" aria-label={says} class="lengths">
            {decades.map((v) => (
              <g key={v}>
                <line x1={x(v)} x2={x(v)} y1={margin.top} y2={height - margin.bottom} class="grid" />
                <text x={x(v)} y={height - 8} text-anchor="middle">
                  {short(v)}
                  {v === decades.at(-1) ? " tokens" : ""}
                </text>
              </g>
            ))}
            {strips.map(({ name, lengths: l }, i) => {
              const y = margin.top + i * each + 40;
              const marks: [number, string][] = [
                [l.p50, `half ${rounded(l.p50)}`],
                [l.p90, x(l.p99) - x(l.p50) < 240 ? rounded(l.p90) : `90 % ${rounded(l.p90)}`],
                [l.p99, `99 % ${rounded(l.p99)}`],
              ];
              return (
                <g key={name}>
                  <text x={margin.left} y={y - 24} class="word strong">
                    {name}
                    {width > 420 && (
                      <tspan class="aside">
                        {" "}
                        mean {rounded(l.mean)}, CV {rounded(l.cv)}
                      </tspan>
                    )}
                  </text>
                  <line x1={x(l.p50)} x2={x(l.p99)} y1={y} y2={y} class="thin" />
                  <line x1={x(l.p50)} x2={x(l.p90)} y1={y} y2={y} class="thick" />
                  <line x1={x(l.p99)} x2={x(l.p99)} y1={y - 5} y2={y + 5} class="thin" />
                  <circle cx={x(l.max)} cy={y} r={3.5} class="dot" />
                  {marks.map(([v, text], n) =>
                    n === 1 && Math.min(x(l.p90) - x(l.p50), x(l.p99) - x(l.p90)) < 40 ? null : (
                      <text key={n} x={x(v)} y={y - 9} text-anchor={n === 0 ? "end" : n === 1 ? "middle" : "start"} class="word small">
                        {text}
                      </text>
                    ),
                  )}
                </g>
              );
            })}
          </svg>
        );
      }}
    </Drawing>
  );
}
